# People.
people-near = On this network now
people-nobody-near = Nobody new is here. People who run Klatch on the same network show up by themselves.
people-here-now = here now
people-follow = Follow
people-paste = Somebody gave you something?
people-paste-what = Paste it here
people-paste-forms = A share line (klatch:entry1…), an invite of a pub (klatch:join/…), or somebody’s id (feed1…).
people-paste-nothing = That is neither a line that begins with klatch:, nor an id that begins with feed1, nor a name that is known here.
people-paste-go = Open
people-follows = You follow
people-nobody = Nobody yet. What people host shows up at home once you follow them.
people-mine = You
people-mine-what = Show this to people who want to follow you.
people-id = Id
people-blocked = Blocked
people-went-on = went on under a new key
people-forked = Forked
people-nothing = Nothing of theirs is here yet.
people-entries = { $count ->
    [one] 1 entry here
   *[other] { $count } entries here
 }
people-before = { $count } more under an earlier key
people-blocked-count = { $count ->
    [one] You block 1 person.
   *[other] You block { $count } persons.
 }
people-calls = calls themselves { $who }
people-you = You
people-followed = You follow them
people-went-on-what = They go on under a new key, with their recovery words. It is the same person, and you follow both.
people-now = Who they are now
people-cap = { $count ->
    [0] Nothing of it counts.
    [one] Entry 1 counts, and nothing later.
   *[other] Entries 1 to { $count } count, and nothing later.
 }
people-forked-what = Their key signed two different entries for one place: two copies of one home, or a stolen key. They can go on under a new key with their recovery words, and you will follow it by itself.
people-petname = Your name for them
people-petname-what = Only you see it. Leave it empty to call them as they call themselves.
people-rename = Keep this name
people-unblock = Block no longer, and follow
people-unfollow = Unfollow
people-block = Block
people-block-what = Following and blocking are your own business: nobody is told. A block takes nothing more from them and ends connections; what others pass on about them still counts for seats.
people-links = Elsewhere
people-log = Download their log
people-share = Share
people-share-what = Who scans this or gets the line finds it, and follows its host.
people-share-where = The line says no address, since nobody elsewhere can reach this node: it works for people on the same network, or who already have a way to the host.
people-share-line = The line
people-coming = It is on its way
people-coming-what = It comes as soon as its host, or somebody who has it, is reached. This page looks again by itself.

did-welcome = You are here. Now find people.
did-follow = You follow them.
did-unfollow = You follow them no longer.
did-block = Blocked.
did-open = Opened: you follow its host.
did-join = You joined the pub: it keeps your log, and passes on what your groups say.
