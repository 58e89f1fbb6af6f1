# The first run.
start-title = Welcome to Klatch
start-lead = Meet people without a company in between. What you write stays on this machine and with those you meet.
start-name = What are you called?
start-name-seen = Others see it. You can change it later.
start-name-wrong = A name is one line of 1 to 60 bytes, with no space at its ends.
start-go = Go on
start-was-here = I was here before, and have my recovery words
start-words-title = Write these words down
start-words-lead = These 24 words are you. Write them on paper, in this order. They are shown only now.
start-words-why = Who has them can speak for you. Without them, a lost machine is a lost identity. No one can send them to you again.
start-words-check = Read some of them back
start-word = Word { $count }
start-words-wrong = That is not what stands above. Compare it with your paper.
start-words-done = I have written them down
start-again = Draw other words and start over
start-back-title = I was here before
start-back-lead = With your 24 recovery words this becomes your home again. Your log is fetched from those who hold it, and nothing of yours is posted before it is complete.
start-back-words = Your recovery words, in order
start-back-kept = They are used once, here, and kept nowhere.
start-back-go = Come back
start-new = I am new here
start-back-one = Never run two homes with the same words: their logs would fork, and nothing after that would count.
start-back-count = { $count ->
    [one] That is 1 word, and there are 24.
   *[other] That is { $count } words, and there are 24.
 }
start-back-wrong = These words do not belong together: one is mistyped, or stands in another place.
start-back-not = No home could be made of them.
start-restore-was-here = I was here before, and have a backup
start-restore-title = From a backup
start-restore-lead = What “klatch backup” wrote, or Settings gave you, becomes your home again. You may have posted more since then, so others are asked first, and nothing of yours is posted before it is complete.
start-restore-file = The file
start-restore-go = Bring it back
start-restore-large = It lies on the machine where Klatch runs
start-restore-path = Its whole path
start-restore-one = Never run the old home and the restored one both: the log would fork, and nothing after that would count.
start-restore-root = Write the whole path, from the root: /home/ana/klatch.backup
start-restore-none = Choose a file that is not empty.
start-restore-cut = The file did not come whole. Send it again, or write where it lies.
start-restore-long = The file is too long to be sent: write where it lies.
start-restore-disk = The file could not be kept: is the disk full?
start-restore-not-whole = That is no whole backup: use another one.
start-restore-newer = That backup was made by a newer Klatch: it takes that one to restore it.
start-restore-unread = The file cannot be read.
start-restore-not = No home could be made of it.
did-restore = Your home is back.
