# What an entry of a log says, in a few words after whoever wrote it.
log-went-on = went on from { $who }, whose entries 1 to { $count } count
log-began = started this log
log-profile = is called “{ $who }”
log-follow = follows { $who }
log-unfollow = no longer follows { $who }
log-announced = announced “{ $who }”
log-said = said “{ $who }”
log-took-back = { $count ->
    [one] took back 1 entry
   *[other] took back { $count } entries
 }
log-hid = { $count ->
    [one] hid 1 entry
   *[other] hid { $count } entries
 }
log-hid-why = { $count ->
    [one] hid 1 entry
   *[other] hid { $count } entries
 }: { $who }
log-showed = { $count ->
    [one] showed 1 entry again
   *[other] showed { $count } entries again
 }
log-sealed = wrote something for some to read
log-scheduled = scheduled “{ $who }”
log-changed = changed an event
log-cancelled = called an event off
log-cancelled-why = called an event off: { $who }
log-skipped = called off the date { $who }
log-yes = { $count ->
    [one] answered yes
   *[other] answered yes for { $count }
 }
log-maybe = { $count ->
    [one] answered maybe
   *[other] answered maybe for { $count }
 }
log-no = { $count ->
   *[other] answered no
 }
log-confirmed = confirmed their yes
log-ranked = { $count ->
    [one] gave 1 guest a place
   *[other] gave { $count } guests a place
 }
log-gave-up = { $count ->
    [one] took 1 guest off their list
   *[other] took { $count } guests off their list
 }
log-closed = closed their list
log-arrived = arrived
log-here = said that they are there
log-let-in = let { $who } in
log-late = noted that { $who } came late
log-gone = noted that { $who } left
log-founded = founded the group “{ $who }”
log-joined = joined a group
log-left = left a group
log-made-owner = made { $who } an owner
log-made-organizer = made { $who } an organizer
log-made-host = made { $who } a host
log-made-door = made { $who } a door
log-revoked = took the roles of { $who }
log-accepted = let { $who } into a group
log-endorsed = { $count ->
    [one] let 1 entry count all the same
   *[other] let { $count } entries count all the same
 }
log-silent = stated that { $who } is silent
log-present = answered that they are not silent
log-public = made a group public
log-private = made a group public no longer
log-asked = asked “{ $who }”
log-voted = { $count ->
    [one] voted for 1 date
   *[other] voted for { $count } dates
 }
log-settled = settled a poll
log-no-text = wrote something whose text is not here
log-hidden = wrote something whose words are hidden
log-unknown = wrote something that this version does not know
