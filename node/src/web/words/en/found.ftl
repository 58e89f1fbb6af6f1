# A new group, and the people of one.
found-title = New group
found-lead = A group is a circle of people and what they do together. You own it.
found-name = What is it called?
found-schedulers = Who may schedule events in it?
found-organizers = Organizers, whom you name
found-members = Every member
found-joining = How does one become a member?
found-open = Whoever wants to joins
found-approval = One asks, and an organizer says yes
found-invite = By invitation only
found-public = Everybody may read of it, on the pages of a pub
found-public-means = Shown are its name and how many are in it, never who. Each event says for itself whether it is public.
found-owners = Who owns it with you?
found-owners-why = An owner can do everything, and goes on if you cannot.
found-go = Found it
did-found = The group is there. Share it, so that people join.

members-title = People of { $who }
members-head = People
members-member = member
members-asking = { $count ->
    [one] 1 asks to join
   *[other] { $count } ask to join
 }
members-in = { $count ->
    [one] 1 member
   *[other] { $count } members
 }
members-out = Removed ({ $count })
members-accept = Accept
members-refuse = Refuse
members-remove = Remove
members-again = Let in again
members-nobody = You follow nobody yet to whom a role could be given.
members-roles = Organizers schedule events and let people in; hosts give seats; the door checks in.
did-member = They are a member now.
did-remove = They are out.
