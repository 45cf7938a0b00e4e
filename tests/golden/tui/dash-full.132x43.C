== dashboard, watch
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
  ACT NOW  The overlay is full: the system can write nothing more.
  First wall: the overlay, 0 B left.
> Overlay   [########################################################===+]  100%  2.00 of 2.00 GiB     FULL
            # live 1.90 GiB  = dead 98.0 MiB  + tables 6.00 MiB  . free 0 B
  Root fs   [#######################.....................................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [#####################.......................................]   35%  140000 of 400000     ok
  Stick     [##########################################..................]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory

  Layout                                                                What you can do
  sdb1 28.0 GiB vfat LIVE /run/initramfs/live                           m  Merge the overlay
  |-squashfs.img 1.39 GiB squashfs xz                                   -  Resume  (nothing to mend)
  | `-rootfs.img 6.29 GiB ext4                                          u  What eats the overlay
  |   `-live-base dm linear                                             d  Doctor: check everything
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB                                     e  Export the merged image
  | `-live-rw dm snapshot /                                             x  Reset: forget all changes
  `-home.img 4.00 GiB LUKS2 /home                                       p  Practise on a stick of its own
                                                                        t  Device layout on a page



















------------------------------------------------------------------------------------------------------------------------------------
A merge writes the changes into the image and empties the overlay, in about a minute: m
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F6 Doctor  F9 Menu  Enter Choose  F10 Quit
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..**********************************
 4 ..#######....ggggggggggggggggggggggggggggggggggggggggggggggggggggggggmmmc..............................RRRR
 5 ............ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccccccccccccccccccccccc...................................................................gg
 7 .............ccccccccccccccccccccc.....................................................................gg
 8 .............cccccccccccccccccccccccccccccccccccccccccc................................................gg
12 ..******................................................................***************
13 ........................................................................c
15 ........................................................................c
16 ........................................................................c
17 ........................................................................c
18 ........................................................................c
19 ........................................................................c
20 ........................................................................c
41 ***************************************************************************************
42 cc.......cc.........cc........cc......cc..........cc.........cc.......ccccc.........ccc
-- cursor 4,2
== the selection has moved
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
  ACT NOW  The overlay is full: the system can write nothing more.
  First wall: the overlay, 0 B left.
  Overlay   [########################################################===+]  100%  2.00 of 2.00 GiB     FULL
            # live 1.90 GiB  = dead 98.0 MiB  + tables 6.00 MiB  . free 0 B
  Root fs   [#######################.....................................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [#####################.......................................]   35%  140000 of 400000     ok
  Stick     [##########################################..................]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory

  Layout                                                                What you can do
  sdb1 28.0 GiB vfat LIVE /run/initramfs/live                         > m  Merge the overlay
  |-squashfs.img 1.39 GiB squashfs xz                                   -  Resume  (nothing to mend)
  | `-rootfs.img 6.29 GiB ext4                                          u  What eats the overlay
  |   `-live-base dm linear                                             d  Doctor: check everything
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB                                     e  Export the merged image
  | `-live-rw dm snapshot /                                             x  Reset: forget all changes
  `-home.img 4.00 GiB LUKS2 /home                                       p  Practise on a stick of its own
                                                                        t  Device layout on a page



















------------------------------------------------------------------------------------------------------------------------------------
A merge writes the changes into the image and empties the overlay, in about a minute: m
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F6 Doctor  F9 Menu  Enter Choose  F10 Quit
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..**********************************
 4 .............ggggggggggggggggggggggggggggggggggggggggggggggggggggggggmmmc..............................RRRR
 5 ............ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccccccccccccccccccccccc...................................................................gg
 7 .............ccccccccccccccccccccc.....................................................................gg
 8 .............cccccccccccccccccccccccccccccccccccccccccc................................................gg
12 ..******................................................................***************
13 ........................................................................c..#################
15 ........................................................................c
16 ........................................................................c
17 ........................................................................c
18 ........................................................................c
19 ........................................................................c
20 ........................................................................c
41 ***************************************************************************************
42 cc.......cc.........cc........cc......cc..........cc.........cc.......ccccc.........ccc
-- cursor 13,72
