== why a reset is not possible
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
--------------------------------------------------------------------------------
  HEALTHY  All is well.
  First wall: the overlay, 0 B left.
  Overlay   none: changes are lost at shutdown
  Root fs   [###########..................]   38%  2.41 of 6.29 GiB     ok
  Inodes    [##########...................]   35%  140000 of 400000     ok
  Stick     [#####################........]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM+- Reset: forget all changes ----------------------------------------+
     | There is no overlay on this stick: changes are not kept, so there  |
  Lay| is nothing to work on.                                             |
  sdb|                                                                    |
  |-s| > [Close]                                                          |
  | `+--------------------------------------------------------------------+
  |   `-live-base dm linear                   d  Doctor: check everything
  |-overlay-LIVE-1A2B-3C4D 2.00 GiB           e  Export the merged image
  | `-live-rw dm snapshot /                 > -  Reset  (no overlay)
  `-home.img 4.00 GiB LUKS2 /home             p  Practise on a stick of its own
                                              t  Device layout on a page
--------------------------------------------------------------------------------
There is no overlay on this stick: changes are not kept, so there is nothing to
work on.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..ggggggggggggggggggggg
 3 ..**********************************
 5 .............ccccccccccc................................................gg
 6 .............cccccccccc.................................................gg
 7 .............ccccccccccccccccccccc......................................gg
 9 ........*************************
11 ..***
13 .........#######
15 ..............................................c
16 ..............................................c
17 .................................................#####
18 ..............................................c
19 ..............................................c
21 *******************************************************************************
22 ********
23 cc.......ccccc.........ccc
-- cursor 13,9
