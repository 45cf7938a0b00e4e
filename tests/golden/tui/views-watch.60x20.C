== usage
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
900 MiB files, 20.0 MiB fs tables, 64.0 MiB journal, 98.0 ..
A merge would free 1.07 GiB.

/
>   700 MiB  [#########...]  var/
    200 MiB  [###.........]  home/









------------------------------------------------------------
/var: 700 MiB of the overlay, 20 files
F5 Refresh  F9 Menu  Enter Into  Left Out  Esc Back
-- looks
 0 ********
 3 ****************************
 5 *
 6 ..............ccccccccc......###
 7 ..............ccc
18 **************************************
19 cc..........cc.......ccccc.......cccc......ccc
-- cursor 6,29
== doctor
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
Doctor: what was checked, worst first

> WARNING  Overlay: 83 % of it is used
  note     Overlay: 98 MiB belong to deleted files
  ok       Pairing: overlay and image belong together
  ok       Root file system: clean


------------------------------------------------------------
Overlay: 83 % of it is used
It means:   When it is full the kernel gives it up, and
            with it all changes since the last merge.
What helps: Merge the overlay (m).


------------------------------------------------------------
Something needs attention: see what helps, below.
F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 *************************************
 4 ..MMMMMMM..###########################
 6 ..gg
 7 ..gg
11 ***************************
18 *************************************************
19 cc.......cc..........cc.......ccccc.........ccc
-- cursor 4,2
== log
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
Log

What livemend has done to this stick
  2026-11-20 10:00 merge: done, 1.2 GiB written

Messages of this session
  None.








------------------------------------------------------------
Newest last. Esc goes back.
F1 Help  F9 Menu  Esc Back
-- looks
 0 ********
 2 ***
 4 ************************************
 7 ************************
18 ***************************
19 cc.......cc.......ccc
-- cursor 4,0
== sticks
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
Live sticks

> booted system    LIVE           28.0 GiB  SanDisk Ultra..
  watch            RESCUE         14.0 GiB  Kingston DT e..











------------------------------------------------------------
Enter opens the stick, for looking only.
F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ***********
 4 ..#########################################################
18 ****************************************
19 cc.......cc..........cc.......ccccc.........ccc
-- cursor 4,2
== menu
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
--+- What can be done here ------------------------------+--
  | > F1 ? h           Explain what the focus is on      |
  |   F2 s             Choose another stick              |
  |   F3 u             Show what eats the overlay        |
  |   F4 o             Show what was done, and the me..  |
  |   F5 f             Read everything afresh            |
  |   F6 d             Check everything, read only       |
  |   m                Merge the overlay into the image  |
  |   r                Finish or undo what was cut off   |
  |   e                Write the merged image to a file  |
  |   x                Forget all changes in the over..  |
  |   p                Make a stick to practise on       |
  |   t                Show the device layout on a page  |
> |   Enter Space      Open or choose what the focus ..  |
  |   Up k             Move up                           | v
--|   Down j           Move down                         |--
A |   PgUp C-b         Move up one page                v |
ov+------------------------------------------------------+
F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 1 .....*********************
 2 ......cccccc...........############################
 3 ......cccc
 4 ......cccc
 5 ......cccc
 6 ......cccc
 7 ......cccc
 8 ......c
 9 ......c
10 ......c
11 ......c
12 ......c
13 ......c
14 ......ccccccccccc
15 ......cccc.................................................c
16 ......cccccc
17 **....cccccccc.........................................c
18 **
19 cc.......cc..........cc.......ccccc.........ccc
-- cursor 2,6
== export
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
Export the merged root image

File to write the merged root image to. It is sparse: it
takes the room of what is in it. An existing file is not
overwritten.

> merged-root.img








------------------------------------------------------------
Enter goes on, Esc goes back. Nothing is written yet.
Enter Go on  Esc Back
-- looks
 0 ********
 2 ****************************
 8 ..########################################################
18 *****************************************************
19 ccccc........ccc
-- cursor 8,17
== lessons
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
Which stick do you want to practise on?

> healthy        A stick in good order, with an overlay i..
  overflow       The overlay ran full while the system wa..
  dirty          The plug was pulled: the file system is ..









------------------------------------------------------------
Each lesson is a stick that is broken in its own way. Enter
chooses.
F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ***************************************
 4 ..#######
17 ***********************************************************
18 ********
19 cc.......cc..........cc.......ccccc.........ccc
-- cursor 4,2
== layout
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
Layout: what lies on what

> sdb1 28.0 GiB vfat LIVE /run/initramfs/live
  |-squashfs.img 1.39 GiB squashfs xz
  | `-rootfs.img 6.29 GiB ext4
  |   `-live-base dm linear
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB
  | `-live-rw dm snapshot /
  `-home.img 4.00 GiB LUKS2 /home






------------------------------------------------------------

F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 *************************
 4 ..###########################################
19 cc.......cc..........cc.......ccccc.........ccc
-- cursor 4,2
