== why a reset is not possible
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
  HEALTHY  All is well.
  First wall: the overlay, 0 B left.
  Overlay   none: changes are lost at shutdown
  Root fs   [#######################.....................................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [#####################.......................................]   35%  140000 of 400000     ok
  Stick     [##########################################..................]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory

  Layout                                                                What you can do
  sdb1 28.0 GiB vfat LIVE /run/initramfs/live                           -  Merge the overlay  (no overlay)
  |-squashfs.img 1.39 GiB squashfs xz                                   -  Resume  (nothing to mend)
  | `-rootfs.img 6.29 GiB ext4                                          -  What eats the overlay  (no overlay)
  |   `-live-base dm linear                                             d  Doctor: check everything
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB                                     e  Export the merged image
  | `-live-rw dm snapshot /                                           > -  Reset: forget all changes  (no overlay)
  `-home.img 4.00 GiB LUKS2 /ho+- Reset: forget all changes ----------------------------------------+ own
                               | There is no overlay on this stick: changes are not kept, so there  |
                               | is nothing to work on.                                             |
                               |                                                                    |
                               | > [Close]                                                          |
                               +--------------------------------------------------------------------+
















------------------------------------------------------------------------------------------------------------------------------------
There is no overlay on this stick: changes are not kept, so there is nothing to work on.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..ggggggggggggggggggggg
 3 ..**********************************
 5 .............ccccccccccccccccccccccc...................................................................gg
 6 .............ccccccccccccccccccccc.....................................................................gg
 7 .............cccccccccccccccccccccccccccccccccccccccccc................................................gg
11 ..******................................................................***************
15 ........................................................................c
16 ........................................................................c
17 ...........................................................................#########################
18 ..................................*************************
22 ...................................#######
41 ****************************************************************************************
42 cc.......ccccc.........ccc
-- cursor 22,35
