# Settings.
settings-profile = You
settings-name = What you are called
settings-about = About you
settings-links = Where else you are found
settings-links-what = One link a line, up to 5. They begin with https:// or http://.
settings-seen = Everybody who holds your log sees it. There is room for a name of some 60 letters and for 2,000 about you; accents and emoji take more.
settings-save = Save
settings-as-others = See yourself as others do
settings-look = Look
settings-language = Language
settings-scheme = Light or dark
settings-auto = As the system is
settings-light = Light
settings-dark = Dark
settings-backup = Copies
settings-backup-what = A backup holds your key and all logs that are here. Who has it can speak for you: keep it where nobody else reads.
settings-backup-go = Download a backup
settings-restore = To restore it
settings-restore-what = On a machine without a home of yours, start Klatch and say that you have a backup. By command:
settings-restore-once = Never run the old home and the restored one both: the log would fork.
settings-export = Take something along
settings-ics = What you host or answered, for a calendar
settings-feed = { $count ->
    [one] Your log, 1 entry, as signed
   *[other] Your log, { $count } entries, as signed
 }
settings-blocked = Whom you block
settings-nobody-blocked = Nobody.
settings-pubs = Pubs
settings-pubs-what = A pub keeps your log and those of your groups, and passes them on while you are off.
settings-invite = An invite that its operator gave you
settings-join = Join

did-profile = Saved.

settings-key = A new key
settings-key-when = If somebody else may have your key, if your log is forked, or if nobody can say how far it went, your recovery words let you go on under a new key.
settings-key-how = Nothing may write to the home meanwhile, so it is done by command: stop Klatch, type this, and start it again.
settings-key-kept = You keep your groups, roles and seats, and whoever follows you follows the new key by itself. The same words stay good for it.
settings-key-stands = How your log stands
