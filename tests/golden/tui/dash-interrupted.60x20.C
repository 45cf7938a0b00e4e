== why a merge is not possible
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
  ACT NOW  A merge was cut off.
  First wall: the overlay, 1.61 GiB left.
  Overlay   [#=+......]   19%  400 MiB of 2.00 GiB  ok
  # live 296 MiB  = dead 98.0 MiB  + tables 6.00 MiB
  Root fs   [###......]   38%  2.41 of 6.29 GiB     ok
  +- Merge the overlay ----------------------------------+
  | An operation was cut off. Finish or undo it first:   |
  | r.                                                   |
  |                                                      |
> | > [Close]                                            |
  +------------------------------------------------------+
  u  What eats the overlay
  d  Doctor: check everything
  e  Export the merged image
  -  Reset: forget all changes  (resume first)             v
------------------------------------------------------------
An operation was cut off. Finish or undo it first: r.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..***************************************
 4 .............gmc....................................gg
 5 ..gggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccc....................................gg
 7 .....*****************
11 ......#######
13 ..c
14 ..c
15 ..c
16 ...........................................................c
18 *****************************************************
19 cc.......ccccc.........ccc
-- cursor 11,6
