== dashboard, watch
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
  ACT NOW  The overlay is full: the system can write nothing
  more.
  First wall: the overlay, 0 B left.
> Overlay   [#######=+]  100%  2.00 of 2.00 GiB     FULL
  # live 1.90 GiB  = dead 98.0 MiB  + tables 6.00 MiB
  Root fs   [###......]   38%  2.41 of 6.29 GiB     ok
  Inodes    [###......]   35%  140000 of 400000     ok
  Stick     [######...]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory
  m  Merge the overlay
  -  Resume  (nothing to mend)
  u  What eats the overlay
  d  Doctor: check everything                              v
------------------------------------------------------------
A merge writes the changes into the image and empties the
overlay, in about a minute: m
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F10 Quit
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..RRRRR
 4 ..**********************************
 5 ..#######....gggggggmc..............................RRRR
 6 ..ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 7 .............ccc....................................gg
 8 .............ccc....................................gg
 9 .............cccccc.................................gg
12 ..c
14 ..c
15 ..c........................................................c
17 *********************************************************
18 *****************************
19 cc.......cc.........cc........cc......cc..........ccc
-- cursor 5,2
== the selection has moved
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
  ACT NOW  The overlay is full: the system can write nothing
  more.
  First wall: the overlay, 0 B left.
  Overlay   [#######=+]  100%  2.00 of 2.00 GiB     FULL
  # live 1.90 GiB  = dead 98.0 MiB  + tables 6.00 MiB
  Root fs   [###......]   38%  2.41 of 6.29 GiB     ok
  Inodes    [###......]   35%  140000 of 400000     ok
  Stick     [######...]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory
> m  Merge the overlay
  -  Resume  (nothing to mend)
  u  What eats the overlay
  d  Doctor: check everything                              v
------------------------------------------------------------
A merge writes the changes into the image and empties the
overlay, in about a minute: m
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F10 Quit
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..RRRRR
 4 ..**********************************
 5 .............gggggggmc..............................RRRR
 6 ..ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 7 .............ccc....................................gg
 8 .............ccc....................................gg
 9 .............cccccc.................................gg
12 ..c..#################
14 ..c
15 ..c........................................................c
17 *********************************************************
18 *****************************
19 cc.......cc.........cc........cc......cc..........ccc
-- cursor 12,2
