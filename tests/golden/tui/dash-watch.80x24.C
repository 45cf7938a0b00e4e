== dashboard, watch
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
--------------------------------------------------------------------------------
  WATCH  The overlay is 83 % full.
  First wall: the overlay, in about 3 days (348 MiB left).
> Overlay   [######################=+.....]   83%  1.66 of 2.00 GiB     watch
            # live 1.56 GiB  = dead 98.0 MiB  + tables 6.00 MiB  . free 348 MiB
  Root fs   [###########..................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [##########...................]   35%  140000 of 400000     ok
  Stick     [#####################........]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory
  Layout                                      What you can do
  sdb1 28.0 GiB vfat LIVE /run/initramfs/..   m  Merge the overlay
  |-squashfs.img 1.39 GiB squashfs xz         -  Resume  (nothing to mend)
  | `-rootfs.img 6.29 GiB ext4                u  What eats the overlay
  |   `-live-base dm linear                   d  Doctor: check everything
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB           e  Export the merged image
  | `-live-rw dm snapshot /                   x  Reset: forget all changes
  `-home.img 4.00 GiB LUKS2 /home             p  Practise on a stick of its own
                                              t  Device layout on a page
--------------------------------------------------------------------------------
A merge writes the changes into the image and empties the overlay, in about a
minute: m
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F6 Doctor  F9 Menu  F10 Quit
-- looks
 0 ********
 2 ..MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
 3 ..********************************************************
 4 ..#######....ggggggggggggggggggggggmc...................................MMMMM
 5 ............ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccccccccccc................................................gg
 7 .............cccccccccc.................................................gg
 8 .............ccccccccccccccccccccc......................................gg
11 ..******......................................***************
12 ..............................................c
14 ..............................................c
15 ..............................................c
16 ..............................................c
17 ..............................................c
18 ..............................................c
19 ..............................................c
21 *****************************************************************************
22 *********
23 cc.......cc.........cc........cc......cc..........cc.........cc.......ccc
-- cursor 4,2
== the selection has moved
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
--------------------------------------------------------------------------------
  WATCH  The overlay is 83 % full.
  First wall: the overlay, in about 3 days (348 MiB left).
  Overlay   [######################=+.....]   83%  1.66 of 2.00 GiB     watch
            # live 1.56 GiB  = dead 98.0 MiB  + tables 6.00 MiB  . free 348 MiB
  Root fs   [###########..................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [##########...................]   35%  140000 of 400000     ok
  Stick     [#####################........]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory
  Layout                                      What you can do
  sdb1 28.0 GiB vfat LIVE /run/initramfs/.. > m  Merge the overlay
  |-squashfs.img 1.39 GiB squashfs xz         -  Resume  (nothing to mend)
  | `-rootfs.img 6.29 GiB ext4                u  What eats the overlay
  |   `-live-base dm linear                   d  Doctor: check everything
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB           e  Export the merged image
  | `-live-rw dm snapshot /                   x  Reset: forget all changes
  `-home.img 4.00 GiB LUKS2 /home             p  Practise on a stick of its own
                                              t  Device layout on a page
--------------------------------------------------------------------------------
A merge writes the changes into the image and empties the overlay, in about a
minute: m
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F6 Doctor  F9 Menu  F10 Quit
-- looks
 0 ********
 2 ..MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
 3 ..********************************************************
 4 .............ggggggggggggggggggggggmc...................................MMMMM
 5 ............ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccccccccccc................................................gg
 7 .............cccccccccc.................................................gg
 8 .............ccccccccccccccccccccc......................................gg
11 ..******......................................***************
12 ..............................................c..#################
14 ..............................................c
15 ..............................................c
16 ..............................................c
17 ..............................................c
18 ..............................................c
19 ..............................................c
21 *****************************************************************************
22 *********
23 cc.......cc.........cc........cc......cc..........cc.........cc.......ccc
-- cursor 12,46
