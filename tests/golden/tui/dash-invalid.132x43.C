== dashboard, invalid
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
  BROKEN  The overlay was marked invalid by the kernel.
  First wall: the overlay, 1.61 GiB left.
> Overlay   [############+...............................................]   19%  400 MiB of 2.00 GiB  INVALID
            # live 394 MiB  = dead ?  + tables 6.00 MiB  . free 1.61 GiB
  Root fs   cannot be read: see the doctor, d
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
The doctor (d) says what it means and what helps.
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F6 Doctor  F9 Menu  Enter Choose  F10 Quit
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..***************************************
 4 ..#######....ggggggggggggc.............................................................................RRRRRRR
 5 ............gggggggggggggg..mmmmmmmm..ccccccccccccccccc
 7 .............cccccccccccccccccccccccccccccccccccccccccc................................................gg
11 ..******................................................................***************
12 ........................................................................c
14 ........................................................................c
15 ........................................................................c
16 ........................................................................c
17 ........................................................................c
18 ........................................................................c
19 ........................................................................c
41 *************************************************
42 cc.......cc.........cc........cc......cc..........cc.........cc.......ccccc.........ccc
-- cursor 4,2
