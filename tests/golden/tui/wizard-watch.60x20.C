== page 1
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
[1 What] >  2 Commands  >  3 Room  >  4 Safety  >  5 Start

Merge the overlay into the root image
A new image with all changes in it is written beside the
old one, read back, and takes its place; then the overlay
is emptied. The old image stays until then.
Warning: The stick is vfat: a file holds at most 4 GiB.

 1. Check the file system
    What is broken now would be broken in the new image.
    Reads:  the overlay and the image
 2. Write the new image
    Unchanged blocks are copied as they lie, changed ones
    compressed.                                            v
------------------------------------------------------------
Enter shows the rest of this page. Nothing is changed before
page 5.
F1 Help  F9 Menu  Enter Next  Left Back  Esc Back
-- looks
 0 ********
 2 ########
 4 *************************************
 8 MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
10 *************************
13 ***********************
15 ...........................................................c
17 ************************************************************
18 *******
19 cc.......cc.......ccccc.......cccc.......ccc
-- cursor 4,0
== page 2
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
 1 What  > [2 Commands] >  3 Room  >  4 Safety  >  5 Start

The same by hand. livemend does not run these: it does
their work itself, with checks in between.

# Check the file system
  df -h /run/initramfs/live

# Write the new image
  mksquashfs root squashfs.img.new -comp xz

# Exchange the images
  mv squashfs.img.new squashfs.img
  sync
------------------------------------------------------------
Enter goes on. Nothing is changed before you agree on page
5.
F1 Help  F9 Menu  Enter Next  Left Back  Esc Back
-- looks
 0 ********
 2 ...........############
 7 ***********************
 8 ccccccccccccccccccccccccccc
10 *********************
11 ccccccccccccccccccccccccccccccccccccccccccc
13 *********************
14 cccccccccccccccccccccccccccccccccc
15 cccccc
17 **********************************************************
18 **
19 cc.......cc.......ccccc.......cccc.......ccc
-- cursor 4,0
== page 3
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
 1 What  >  2 Commands  > [3 Room] >  4 Safety  >  5 Start

What must fit at the same time, at the worst moment:

the stick: the new image beside the old one
  needs 1.29 GiB, at most 1.68 GiB; free there: 8.39 GiB.
  It fits.
  [########===...........................................]
  The largest file possible there: 4.00 GiB.

# expected   = in the worst case   . stays free
w chooses a work folder on another disk for the new image.


------------------------------------------------------------
Enter goes on. Nothing is changed before you agree on page
5.
F1 Help  F9 Menu  Enter Next  Left Back  Esc Back
-- looks
 0 ********
 2 ..........................########
 6 *******************************************
 9 ...ccccccccmmm
17 **********************************************************
18 **
19 cc.......cc.......ccccc.......cccc.......ccc
-- cursor 4,0
== page 4
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
 1 What  >  2 Commands  >  3 Room  > [4 Safety] >  5 Start

Nothing is lost
  Every file keeps its content.

If it is cut off, and how it is undone
  Until the exchange: remove the new file. After it: resume
  finishes the rest.
  2. Write the new image: the new file is removed
  4. Exchange the images: the old name is put back

Warnings
  The stick is vfat: a file holds at most 4 GiB.

------------------------------------------------------------
Enter goes on. Nothing is changed before you agree on page
5.
F1 Help  F9 Menu  Enter Next  Left Back  Esc Back
-- looks
 0 ********
 2 .....................................##########
 4 ggggggggggggggg
 7 **************************************
13 ********
14 ..MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
17 **********************************************************
18 **
19 cc.......cc.......ccccc.......cccc.......ccc
-- cursor 4,0
== confirm
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat
------------------------------------------------------------
 1 What  >  2 Commands  >  3 Room  >  4 Safety  > [5 Start]

Merge the overlay into the root image

Nothing is lost.
Until the exchange: remove the new file. After it: resume
finishes the rest.

Start now? (y/N)

> [No, go back]    [Yes, start]




------------------------------------------------------------
Nothing has been changed so far.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..................................................#########
 4 *************************************
 6 gggggggggggggggg
12 ..#############
18 ********************************
19 cc.......ccccc.........ccc
-- cursor 12,2
