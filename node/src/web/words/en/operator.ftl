# A pub, as its operator sees it.
pub-title = Your pub
pub-stands = How it stands
pub-no-address = Nobody is told yet where to reach it, so there are no invites: start it with “klatch pub up --public HOST:PORT”.
pub-disk = { $held } of { $most } are kept, in { $count ->
    [one] 1 log
   *[other] { $count } logs
 }.
pub-members-of = { $count ->
    [one] 1 member
   *[other] { $count } members
 } of { $most } at most.
pub-invites-open = { $count ->
    [0] No invite is open.
    [one] 1 invite is open.
   *[other] { $count } invites are open.
 }
pub-connections = { $count ->
    [0] Nobody is connected.
    [one] 1 node is connected.
   *[other] { $count } nodes are connected.
 }
pub-refused = Kept no further
pub-limits = Address and limits are said where it is started: “klatch pub up --help”.
pub-invite = Invite people
pub-uses = How many people
pub-days = For how many days
pub-invite-go = Make an invite
pub-fresh = A new invite
pub-fresh-once = It is shown only now. Whoever has it may come in, so give it to nobody else.
pub-invite-made = It lets { $count ->
    [one] 1 person
   *[other] { $count } people
 } in until { $time }. They paste it under “People”.
pub-members = Members
pub-nobody = Nobody is in yet. Make an invite and give it to people.
pub-member-held = { $held } of { $most }, since { $time }
pub-remove-means = Of who is removed no more is kept, and what no group of others needs is dropped.
pub-again = Let somebody in again who was removed
pub-again-who = Their id
pub-again-go = Let them join again
pub-pages = On the public pages
pub-pages-means = Everybody can read these, as far as their hosts made them public. Guests are never shown.
pub-pages-none = Nothing yet.
pub-not-public = not public: not shown
pub-unlist = Take it off
pub-object = A group or event: its name, title or id
pub-list = Put it there
did-pub-remove = They are out, and their log is dropped.
did-pub-remove-kept = They are out. What groups of others need of their log is still kept.
did-pub-again = They may join again.
did-pub-list = It is listed.
did-pub-unlist = It is taken off.
