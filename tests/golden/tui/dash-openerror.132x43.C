== a stick that does not open
livemend
------------------------------------------------------------------------------------------------------------------------------------
This is no live stick
On:   /tmp/photos
Why:  There is no folder LiveOS on it
Help: Give the folder, device or image that holds LiveOS
F5 tries again, F2 chooses another stick.


  Layout                                                                What you can do
  (no stick)                                                          > -  Merge the overlay  (no stick)
                                                                        -  Resume  (no stick)
                                                                        -  What eats the overlay  (no stick)
                                                                        -  Doctor: check everything  (no stick)
                                                                        -  Export the merged image  (no stick)
                                                                        -  Reset: forget all changes  (no stick)
                                                                        p  Practise on a stick of its own
                                                                        -  Device layout on a page  (no stick)






















------------------------------------------------------------------------------------------------------------------------------------
No live stick is open. F2 looks for one, p makes one to practise.
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F6 Doctor  F9 Menu  Enter Choose  F10 Quit
-- looks
 0 ********
 2 RRRRRRRRRRRRRRRRRRRRR
 9 ..******................................................................***************
10 ...........................................................................#################
16 ........................................................................c
41 *****************************************************************
42 cc.......cc.........cc........cc......cc..........cc.........cc.......ccccc.........ccc
-- cursor 10,72
