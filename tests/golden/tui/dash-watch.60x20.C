== dashboard, watch
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
  WATCH  The overlay is 83 % full.
  First wall: the overlay, in about 3 days (348 MiB left).
> Overlay   [#####=+..]   83%  1.66 of 2.00 GiB     watch
  # live 1.56 GiB  = dead 98.0 MiB  + tables 6.00 MiB
  Root fs   [###......]   38%  2.41 of 6.29 GiB     ok
  Inodes    [###......]   35%  140000 of 400000     ok
  Stick     [######...]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory
  m  Merge the overlay
  -  Resume  (nothing to mend)
  u  What eats the overlay
  d  Doctor: check everything
  e  Export the merged image                               v
------------------------------------------------------------
A merge writes the changes into the image and empties the
overlay, in about a minute: m
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F10 Quit
-- looks
 0 ********
 2 ..MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
 3 ..********************************************************
 4 ..#######....gggggmc................................MMMMM
 5 ..ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccc....................................gg
 7 .............ccc....................................gg
 8 .............cccccc.................................gg
11 ..c
13 ..c
14 ..c
15 ..c........................................................c
17 *********************************************************
18 *****************************
19 cc.......cc.........cc........cc......cc..........ccc
-- cursor 4,2
== the selection has moved
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
  WATCH  The overlay is 83 % full.
  First wall: the overlay, in about 3 days (348 MiB left).
  Overlay   [#####=+..]   83%  1.66 of 2.00 GiB     watch
  # live 1.56 GiB  = dead 98.0 MiB  + tables 6.00 MiB
  Root fs   [###......]   38%  2.41 of 6.29 GiB     ok
  Inodes    [###......]   35%  140000 of 400000     ok
  Stick     [######...]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory
> m  Merge the overlay
  -  Resume  (nothing to mend)
  u  What eats the overlay
  d  Doctor: check everything
  e  Export the merged image                               v
------------------------------------------------------------
A merge writes the changes into the image and empties the
overlay, in about a minute: m
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F10 Quit
-- looks
 0 ********
 2 ..MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
 3 ..********************************************************
 4 .............gggggmc................................MMMMM
 5 ..ggggggggggggggg..mmmmmmmmmmmmmmm..ccccccccccccccccc
 6 .............ccc....................................gg
 7 .............ccc....................................gg
 8 .............cccccc.................................gg
11 ..c..#################
13 ..c
14 ..c
15 ..c........................................................c
17 *********************************************************
18 *****************************
19 cc.......cc.........cc........cc......cc..........ccc
-- cursor 11,2
