== why a reset is not possible
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
  HEALTHY  All is well.
  First wall: the overlay, 0 B left.
  Overlay   none: changes are lost at shutdown
  Root fs   [###......]   38%  2.41 of 6.29 GiB     ok
  Inodes    [###......]   35%  140000 of 400000     ok
  +- Reset: forget all changes --------------------------+
  | There is no overlay on this stick: changes are not   |
  | kept, so there is nothing to work on.                |
  |                                                      |
  | > [Close]                                            |
  +------------------------------------------------------+
  d  Doctor: check everything
  e  Export the merged image
> -  Reset: forget all changes  (no overlay)               v
------------------------------------------------------------
There is no overlay on this stick: changes are not kept, so
there is nothing to work on.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..ggggggggggggggggggggg
 3 ..**********************************
 5 .............ccc....................................gg
 6 .............ccc....................................gg
 7 .....*************************
11 ......#######
13 ..c
14 ..c
15 .....#########################.............................c
17 ***********************************************************
18 ****************************
19 cc.......ccccc.........ccc
-- cursor 11,6
