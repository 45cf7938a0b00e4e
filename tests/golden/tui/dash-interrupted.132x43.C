== why a merge is not possible
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
  ACT NOW  A merge was cut off.
  First wall: the overlay, 1.61 GiB left.
  Overlay   [#########===+...............................................]   19%  400 MiB of 2.00 GiB  ok
            # live 296 MiB  = dead 98.0 MiB  + tables 6.00 MiB  . free 1.61 GiB
  Root fs   [#######################.....................................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [#####################.......................................]   35%  140000 of 400000     ok
  Stick     [##########################################..................]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory

  Layout                                                                What you can do
  sdb1 28.0 GiB vfat LIVE /run/initramfs/live                         > -  Merge the overlay  (resume first)
  |-squashfs.img 1.39 GiB squashfs xz                                   r  Resume what was cut off
  | `-rootfs.img 6.29 GiB ext4                                          u  What eats the overlay
  |   `-live-base dm linear                                             d  Doctor: check everything
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB                                     e  Export the merged image
  | `-live-rw dm snapshot /                                             -  Reset: forget all changes  (resume first)
  `-home.img 4.00 GiB LUKS2 /ho+- Merge the overlay ------------------------------------------------+ own
                               | An operation was cut off. Finish or undo it first: r.              |
                               |                                                                    |
                               | > [Close]                                                          |
                               +--------------------------------------------------------------------+
















------------------------------------------------------------------------------------------------------------------------------------
An operation was cut off. Finish or undo it first: r.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..***************************************
 4 .............gggggggggmmmc.............................................................................gg
 5 ............gggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccccccccccccccccccccccc...................................................................gg
 7 .............ccccccccccccccccccccc.....................................................................gg
 8 .............cccccccccccccccccccccccccccccccccccccccccc................................................gg
12 ..******................................................................***************
13 ...........................................................................#################
14 ........................................................................c
15 ........................................................................c
16 ........................................................................c
17 ........................................................................c
19 ..................................*****************
22 ...................................#######
41 *****************************************************
42 cc.......ccccc.........ccc
-- cursor 22,35
