== a stick that does not open
livemend
--------------------------------------------------------------------------------
This is no live stick
On:   /tmp/photos
Why:  There is no folder LiveOS on it
Help: Give the folder, device or image that holds LiveOS
F5 tries again, F2 chooses another stick.


  Layout                                      What you can do
  (no stick)                                > -  Merge  (no stick)
                                              -  Resume  (no stick)
                                              -  Usage  (no stick)
                                              -  Doctor  (no stick)
                                              -  Export  (no stick)
                                              -  Reset  (no stick)
                                              p  Practise on a stick of its own
                                              -  Layout  (no stick)



--------------------------------------------------------------------------------
No live stick is open. F2 looks for one, p makes one to practise.
F1 Help  F2 Sticks  F3 Usage  F4 Log  F5 Refresh  F6 Doctor  F9 Menu  F10 Quit
-- looks
 0 ********
 2 RRRRRRRRRRRRRRRRRRRRR
 9 ..******......................................***************
10 .................................................#####
16 ..............................................c
22 *****************************************************************
23 cc.......cc.........cc........cc......cc..........cc.........cc.......ccc
-- cursor 10,46
