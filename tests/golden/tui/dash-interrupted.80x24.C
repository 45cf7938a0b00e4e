== why a merge is not possible
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
--------------------------------------------------------------------------------
  ACT NOW  A merge was cut off.
  First wall: the overlay, 1.61 GiB left.
  Overlay   [####=+.......................]   19%  400 MiB of 2.00 GiB  ok
            # live 296 MiB  = dead 98.0 MiB  + tables 6.00 MiB  . free 1.61 GiB
  Root fs   [###########..................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [##########...................]   35%  140000 of 400000     ok
  Stick     [#####################........]   70%  20.3 of 28.7 GiB     ok
  Hom+- Merge the overlay ------------------------------------------------+
  RAM| An operation was cut off. Finish or undo it first: r.              |
     |                                                                    |
  Lay| > [Close]                                                          |
  sdb+--------------------------------------------------------------------+
  |-squashfs.img 1.39 GiB squashfs xz         r  Resume what was cut off
  | `-rootfs.img 6.29 GiB ext4                u  What eats the overlay
  |   `-live-base dm linear                   d  Doctor: check everything
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB           e  Export the merged image
  | `-live-rw dm snapshot /                   -  Reset  (resume first)
  `-home.img 4.00 GiB LUKS2 /home             p  Practise on a stick of its own
                                              t  Device layout on a page
--------------------------------------------------------------------------------
An operation was cut off. Finish or undo it first: r.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..***************************************
 4 .............ggggmc.....................................................gg
 5 ............gggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccccccccccc................................................gg
 7 .............cccccccccc.................................................gg
 8 .............ccccccccccccccccccccc......................................gg
 9 ........*****************
12 ..***....#######
14 ..............................................c
15 ..............................................c
16 ..............................................c
17 ..............................................c
19 ..............................................c
20 ..............................................c
22 *****************************************************
23 cc.......ccccc.........ccc
-- cursor 12,9
