== in progress
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
Merge the overlay into the root image

  done  1. Check the file system
> now   2. Write the new image
        3. Read it back
        4. Exchange the images
        5. Empty the overlay

  Step      [####.....]   50%  700 MiB of 1.37 GiB
  All       [##.......]   27%  800 MiB of 2.83 GiB
  20.0 MiB/s, about 1 min 15 s left, 12 s so far.
  block 2 of 4


------------------------------------------------------------
The old image and overlay are kept until the new one is
proved. c cancels.
F1 Help  F4 Log  F9 Menu  c Cancel
-- looks
 0 ********
 2 *************************************
 4 ..gggg
 5 ..****.....###################
10 .............cccc
11 .............cc
17 *******************************************************
18 ******************
19 cc.......cc......cc.......c
-- cursor 5,11
== cancel?
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
Merge the overlay into the root image

  done  1. Check the file system
> now   2. Write the new image
  +- Cancel? --------------------------------------------+
  | The work goes on while you think. Yes stops it at    |
  | the next safe point; then everything is as before,   |
  | or can be resumed.                                   |
  |                                                      |
  | > [No, go on]    [Yes, stop]                         |
  +------------------------------------------------------+
  block 2 of 4


------------------------------------------------------------
The old image and overlay are kept until the new one is
proved. c cancels.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 *************************************
 4 ..gggg
 5 ..****.....###################
 6 .....*******
11 ......###########
17 *******************************************************
18 ******************
19 cc.......ccccc.........ccc
-- cursor 11,6
== the end
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
CANCELLED at a safe point

How it is now
  The stick is as it was before.

It took 1 min 23 s.









------------------------------------------------------------
Enter goes back to the first screen.
F1 Help  F4 Log  F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 RRRRRRRRRRRRRRRRRRRRRRRRR
 4 *************
18 ************************************
19 cc.......cc......cc.......ccccc.........ccc
-- cursor 2,0
