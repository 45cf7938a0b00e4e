== page 1
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
[1 What] >  2 Commands  >  3 Room  >  4 Safety  >  5 Start

Merge the overlay into the root image
A new image with all changes in it is written beside the old one, read back, and takes its place; then the overlay is emptied. The
old image stays until then.
Warning: The stick is vfat: a file holds at most 4 GiB.

 1. Check the file system
    What is broken now would be broken in the new image.
    Reads:  the overlay and the image
 2. Write the new image
    Unchanged blocks are copied as they lie, changed ones compressed.
    Reads:  1.4 GiB
    Writes: LiveOS/squashfs.img.new
 3. Read it back
    Only what has been read back from the stick is trusted.
    Reads:  both images
 4. Exchange the images
    The new image takes the place of the old one.
    Writes: two names
    Runs to its end: a cancel takes effect after it.
 5. Empty the overlay
    Its changes are in the image now.
    Writes: the overlay's header














------------------------------------------------------------------------------------------------------------------------------------
Enter goes on. Nothing is changed before you agree on page 5.
F1 Help  F9 Menu  Enter Next  Left Back  w Work folder  Esc Back
-- looks
 0 ********
 2 ########
 4 *************************************
 7 MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
 9 *************************
12 ***********************
16 ****************
19 ***********************
23 *********************
41 *************************************************************
42 cc.......cc.......ccccc.......cccc.......c..............ccc
-- cursor 4,0
== page 2
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
 1 What  > [2 Commands] >  3 Room  >  4 Safety  >  5 Start

The same by hand. livemend does not run these: it does their work itself, with checks in between.

# Check the file system
  df -h /run/initramfs/live

# Write the new image
  mksquashfs root squashfs.img.new -comp xz

# Exchange the images
  mv squashfs.img.new squashfs.img
  sync

























------------------------------------------------------------------------------------------------------------------------------------
Enter goes on. Nothing is changed before you agree on page 5.
F1 Help  F9 Menu  Enter Next  Left Back  w Work folder  Esc Back
-- looks
 0 ********
 2 ...........############
 6 ***********************
 7 ccccccccccccccccccccccccccc
 9 *********************
10 ccccccccccccccccccccccccccccccccccccccccccc
12 *********************
13 cccccccccccccccccccccccccccccccccc
14 cccccc
41 *************************************************************
42 cc.......cc.......ccccc.......cccc.......c..............ccc
-- cursor 4,0
== page 3
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
 1 What  >  2 Commands  > [3 Room] >  4 Safety  >  5 Start

What must fit at the same time, at the worst moment:

the stick: the new image beside the old one
  needs 1.29 GiB, at most 1.68 GiB; free there: 8.39 GiB.  It fits.
  [###################======.....................................................................................................]
  The largest file possible there: 4.00 GiB.

# expected   = in the worst case   . stays free
w chooses a work folder on another disk for the new image.



























------------------------------------------------------------------------------------------------------------------------------------
Enter goes on. Nothing is changed before you agree on page 5.
F1 Help  F9 Menu  Enter Next  Left Back  w Work folder  Esc Back
-- looks
 0 ********
 2 ..........................########
 6 *******************************************
 8 ...cccccccccccccccccccmmmmmm
41 *************************************************************
42 cc.......cc.......ccccc.......cccc.......c..............ccc
-- cursor 4,0
== page 4
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
 1 What  >  2 Commands  >  3 Room  > [4 Safety] >  5 Start

Nothing is lost
  Every file keeps its content.

If it is cut off, and how it is undone
  Until the exchange: remove the new file. After it: resume finishes the rest.
  2. Write the new image: the new file is removed
  4. Exchange the images: the old name is put back

Warnings
  The stick is vfat: a file holds at most 4 GiB.


























------------------------------------------------------------------------------------------------------------------------------------
Enter goes on. Nothing is changed before you agree on page 5.
F1 Help  F9 Menu  Enter Next  Left Back  w Work folder  Esc Back
-- looks
 0 ********
 2 .....................................##########
 4 ggggggggggggggg
 7 **************************************
12 ********
13 ..MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM
41 *************************************************************
42 cc.......cc.......ccccc.......cccc.......c..............ccc
-- cursor 4,0
== confirm
livemend   LIVE on SanDisk Ultra 28.7 GiB vfat  (/dev/sdb1)
------------------------------------------------------------------------------------------------------------------------------------
 1 What  >  2 Commands  >  3 Room  >  4 Safety  > [5 Start]

Merge the overlay into the root image

Nothing is lost.
Until the exchange: remove the new file. After it: resume finishes the rest.

Start now? (y/N)

> [No, go back]    [Yes, start]




























------------------------------------------------------------------------------------------------------------------------------------
Nothing has been changed so far.
F9 Menu  Enter Choose  Esc Back
-- looks
 0 ********
 2 ..................................................#########
 4 *************************************
 6 gggggggggggggggg
11 ..#############
41 ********************************
42 cc.......ccccc.........ccc
-- cursor 11,2
