== dashboard, invalid
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
  BROKEN  The overlay was marked invalid by the kernel.
  First wall: the overlay, 1.61 GiB left.
> Overlay   [##+......]   19%  400 MiB of 2.00 GiB  INVALID
  # live 394 MiB  = dead ?  + tables 6.00 MiB
  Root fs   cannot be read: see the doctor, d
  Stick     [######...]   70%  20.3 of 28.7 GiB     ok
  Home      4.00 GiB, encrypted: its use is not visible
  RAM       no temporary overlay in memory
  m  Merge the overlay
  -  Resume  (nothing to mend)
  u  What eats the overlay
  d  Doctor: check everything
  e  Export the merged image
  x  Reset: forget all changes
  p  Practise on a stick of its own                        v
------------------------------------------------------------
The doctor (d) says what it means and what helps.
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F10 Quit
-- looks
 0 ********
 2 ..RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR
 3 ..***************************************
 4 ..#######....ggc....................................RRRRRRR
 5 ..gggggggggggggg..mmmmmmmm..ccccccccccccccccc
 7 .............cccccc.................................gg
10 ..c
12 ..c
13 ..c
14 ..c
15 ..c
16 ..c........................................................c
18 *************************************************
19 cc.......cc.........cc........cc......cc..........ccc
-- cursor 4,2
