== usage
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
900 MiB files, 20.0 MiB fs tables, 64.0 MiB journal, 98.0 MiB deleted
A merge would free 1.07 GiB.

/
>   700 MiB  [#########...]  var/
    200 MiB  [###.........]  home/
































------------------------------------------------------------------------------------------------------------------------------------
/var: 700 MiB of the overlay, 20 files
F5 Refresh  F9 Menu  Enter Into  Left Out  Esc Back
-- looks
 0 ********
 3 ****************************
 5 *
 6 ..............ccccccccc......###
 7 ..............ccc
41 **************************************
42 cc..........cc.......ccccc.......cccc......ccc
-- cursor 6,29
== doctor
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
Doctor: what was checked, worst first

> WARNING  Overlay: 83 % of it is used
  note     Overlay: 98 MiB belong to deleted files
  ok       Pairing: overlay and image belong together
  ok       Root file system: clean













------------------------------------------------------------------------------------------------------------------------------------
Overlay: 83 % of it is used
It means:   When it is full the kernel gives it up, and with it all changes since the last merge.
What helps: Merge the overlay (m).















------------------------------------------------------------------------------------------------------------------------------------
Something needs attention: see what helps, below.
F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 *************************************
 4 ..MMMMMMM..###########################
 6 ..gg
 7 ..gg
22 ***************************
41 *************************************************
42 cc.......cc..........cc.......ccccc.........ccc
-- cursor 4,2
== log
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
Log

What livemend has done to this stick
  2026-11-20 10:00 merge: done, 1.2 GiB written

Messages of this session
  None.































------------------------------------------------------------------------------------------------------------------------------------
Newest last. Esc goes back.
F1 Help  F9 Menu  Esc Back
-- looks
 0 ********
 2 ***
 4 ************************************
 7 ************************
41 ***************************
42 cc.......cc.......ccc
-- cursor 4,0
== sticks
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
Live sticks

> booted system    LIVE           28.0 GiB  SanDisk Ultra vfat
  watch            RESCUE         14.0 GiB  Kingston DT ext4


































------------------------------------------------------------------------------------------------------------------------------------
Enter opens the stick, for looking only.
F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ***********
 4 ..############################################################
41 ****************************************
42 cc.......cc..........cc.......ccccc.........ccc
-- cursor 4,2
== menu
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
  WATCH  The overlay is 83 % full.
  First wall: the overlay, in about 3 days (348 MiB left).
  Overlay   [##############################################===+..........]   83%  1.66 of 2.00 GiB     watch
            # live 1.56 GiB  = dead 98.0 MiB  + tables 6.00 MiB  . free 348 MiB
  Root fs   [#######################.....................................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [####################+- What can be done here ----------------------------------------+    ok
  Stick     [####################| > F1 ? h           Explain what the focus is on                |    ok
  Home      4.00 GiB, encrypted: |   F2 s             Choose another stick                        |
  RAM       no temporary overlay |   F3 u             Show what eats the overlay                  |
                                 |   F4 o             Show what was done, and the messages        |
  Layout                         |   F5 f             Read everything afresh                      |
  sdb1 28.0 GiB vfat LIVE /run/in|   F6 d             Check everything, read only                 |
  |-squashfs.img 1.39 GiB squashf|   m                Merge the overlay into the image            |)
  | `-rootfs.img 6.29 GiB ext4   |   r                Finish or undo what was cut off             |
  |   `-live-base dm linear      |   e                Write the merged image to a file            |
  |-overlay-LIVE-1A2B-3C4D 2.00 G|   x                Forget all changes in the overlay           |
  | `-live-rw dm snapshot /      |   p                Make a stick to practise on                 |s
  `-home.img 4.00 GiB LUKS2 /home|   t                Show the device layout on a page            |ts own
                                 |   Enter Space      Open or choose what the focus is on         |
                                 |   Up k             Move up                                     |
                                 |   Down j           Move down                                   |
                                 |   PgUp C-b         Move up one page                            |
                                 |   PgDn C-f         Move down one page                          |
                                 |   Home g           Move to the beginning                       |
                                 |   End G            Move to the end                             |
                                 |   Tab              Move to the other part of the screen        |
                                 |   S-Tab            Move to the part of the screen before       |
                                 |   Left h           Move left                                   |
                                 |   Right l          Move right                                  |
                                 |   F10 q C-c        Leave livemend                              |
                                 |   C-l              Draw the screen again                       |
                                 |   C-z              Stop for a moment, back to the shell        |
                                 +----------------------------------------------------------------+





------------------------------------------------------------------------------------------------------------------------------------
A merge writes the changes into the image and empties the overlay, in about a minute: m
F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
 3 ..********************************************************
 4 .............ggggggggggggggggggggggggggggggggggggggggggggggmmmc........................................MMMMM
 5 ............ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccccccccccccccccccccccc...................................................................gg
 7 .............cccccccccccccccccccc...*********************..............................................gg
 8 .............cccccccccccccccccccc....cccccc...........############################.....................gg
 9 .....................................cccc
10 .....................................cccc
11 .....................................cccc
12 ..******.............................cccc
13 .....................................cccc
14 .....................................c
15 .....................................c
16 .....................................c
17 .....................................c
18 .....................................c
19 .....................................c
20 .....................................ccccccccccc
21 .....................................cccc
22 .....................................cccccc
23 .....................................cccccccc
24 .....................................cccccccc
25 .....................................cccccc
26 .....................................ccccc
27 .....................................ccc
28 .....................................ccccc
29 .....................................cccccc
30 .....................................ccccccc
31 .....................................ccccccccc
32 .....................................ccc
33 .....................................ccc
41 ***************************************************************************************
42 cc.......cc..........cc.......ccccc.........ccc
-- cursor 8,37
== export
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
Export the merged root image

File to write the merged root image to. It is sparse: it takes the room of what is in it. An existing file is not overwritten.

> merged-root.img

































------------------------------------------------------------------------------------------------------------------------------------
Enter goes on, Esc goes back. Nothing is written yet.
Enter Go on  Esc Back
-- looks
 0 ********
 2 ****************************
 6 ..################################################################################################################################
41 *****************************************************
42 ccccc........ccc
-- cursor 6,17
== lessons
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
Which stick do you want to practise on?

> healthy        A stick in good order, with an overlay in use
  overflow       The overlay ran full while the system was at work
  dirty          The plug was pulled: the file system is not clean

































------------------------------------------------------------------------------------------------------------------------------------
Each lesson is a stick that is broken in its own way. Enter chooses.
F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ***************************************
 4 ..#######
41 ********************************************************************
42 cc.......cc..........cc.......ccccc.........ccc
-- cursor 4,2
== layout
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
Layout: what lies on what

> sdb1 28.0 GiB vfat LIVE /run/initramfs/live
  |-squashfs.img 1.39 GiB squashfs xz
  | `-rootfs.img 6.29 GiB ext4
  |   `-live-base dm linear
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB
  | `-live-rw dm snapshot /
  `-home.img 4.00 GiB LUKS2 /home





























------------------------------------------------------------------------------------------------------------------------------------

F1 Help  F5 Refresh  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 *************************
 4 ..###########################################
42 cc.......cc..........cc.......ccccc.........ccc
-- cursor 4,2
