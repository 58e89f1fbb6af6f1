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

found-silence-means = Say how many others it takes to state that an owner went silent, and who goes on for them. Left empty, nobody can.
found-silence-owners = Other owners
found-silence-members = Members, owners among them

silence-title = Silent owners of { $who }
silence-head = When an owner falls silent
silence-lead = An owner may lose their key, or leave for good. Others can say so together, and name who goes on for them.
silence-rule-none = This group was founded without that: nobody can say it here.
silence-rule-owners = { $owners ->
    [one] It takes one other owner who names somebody to go on.
   *[other] It takes { $owners } other owners who name the same person to go on.
 }
silence-rule-members = It takes { $members } members who name the same person to go on.
silence-rule-both = { $owners ->
    [one] It takes one other owner, or { $members } members who name the same person to go on.
   *[other] It takes { $owners } other owners, or { $members } members, who name the same person to go on.
 }
silence-of-me = Others say that you are silent
silence-of-me-what = One word of yours ends that, and whoever went on for you is no owner by it any longer.
silence-present = I am here
silence-stated = What is said so far
silence-nobody = Nobody says that an owner is silent.
silence-goes-on = To go on for them:
silence-said = Said by { $members ->
    [one] 1 member
   *[other] { $members } members
 }, { $owners } of them { $owners ->
    [one] an owner
   *[other] owners
 }.
silence-reached = silent
silence-not-reached = not enough say so
silence-state = Say that an owner is silent
silence-owner = Which owner?
silence-heir = Who is to go on for them?
silence-state-means = Everybody sees that you say so. If the owner comes back, one word of theirs ends it.
silence-state-go = Say it
did-silent = Said. It counts once enough others say the same.
did-present = Said: you are here.

endorse-link = What no longer counts
endorse-title = What { $who } posted
endorse-lead = Their role was taken, or they were put out: what they posted here after that does not count. Choose what is to count all the same.
endorse-which = Newest first
endorse-none = Choose at least one of them.
endorse-nothing = They posted nothing here after that
endorse-go = Let these count
did-endorse = What you chose counts.
