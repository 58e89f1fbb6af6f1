# The network, and whether one can post.
network-peers = Connected now
network-nobody = Nobody is connected. Nodes on the same network find each other; pubs and addresses reach further.
network-lan = on this network
network-peer = by an address
network-pub = a pub you joined
network-member = a member of this pub
network-level = All that both want is exchanged.
network-comparing = Comparing what each has.
network-peer-coming = { $count ->
    [one] 1 entry is still to come.
   *[other] { $count } entries are still to come.
 }
network-coming = Still coming: { $count ->
    [one] 1 entry
   *[other] { $count } entries
 } of { $feeds ->
    [one] 1 log
   *[other] { $feeds } logs
 }
network-traffic = { $received } received, { $sent } sent
network-holds = Holds of your log:
network-storage = On this machine
network-kept = { $count ->
    [one] 1 entry
   *[other] { $count } entries
 } of { $feeds ->
    [one] 1 log
   *[other] { $feeds } logs
 }, { $size }
network-reach = Others reach this node at
network-cap = { $count ->
    [0] nothing of it counts
    [one] entry 1 counts
   *[other] entries 1 to { $count } count
 }
network-forks = Forked logs
network-forks-what = A key signed two different entries for one place: two copies of one home, or a stolen key. Everybody counts what comes before, and nothing after, until its owner goes on under a new key.
network-add = Reach somebody by an address
network-add-what = Id and address
network-add-form = Write who it is and where, with an @ between: feed1…@192.0.2.7:4747
network-add-id = What stands before the @ is no id: copy it whole, it begins with feed1.
network-add-address = What stands after the @ is no address: write host and port, as 192.0.2.7:4747 or meet.example.org:4747.
network-add-go = Add
network-join = An invite of a pub goes here:
network-posting = All is well
network-posting-what = What you do is posted, and goes to whoever is connected.
network-recovering = Coming back
network-recovering-next = Keep this node running where others can be met that hold your log: on one network with them, by a pub you joined, or by an address. Until it is complete nothing of yours is posted.
network-last = { $count ->
    [one] Here is 1 entry of yours
   *[other] Here are { $count } entries of yours
 }, the last of { $time }: { $what }
network-last-none = Nothing of yours is here yet.
network-nobody-delivered = Nobody who holds your log was met yet.
network-delivered = Delivered all they hold: { $who }
network-twin = Another node runs with your key. Stop that one for good: two would fork your log.
network-known = { $count ->
    [one] 1 entry is known to exist, and is not all here.
   *[other] { $count } entries are known to exist, and not all are here.
 } Keep the node running until somebody brings the rest.
network-ready = { $count ->
    [one] Posting goes on by itself in a second, unless something newer comes.
   *[other] Posting goes on by itself in { $count } seconds, unless something newer comes.
 }
network-accept-now = Wait for one more node that holds your log. Or say yourself that the entry above is the last that you ever wrote. If it is not, your log forks.
network-accept-in = { $count ->
    [one] Wait for one more node, or a second: then you may say yourself that the entry above is your last.
   *[other] Wait for one more node, or { $count } seconds: then you may say yourself that the entry above is your last.
 }
network-accept = It is my last entry
network-accept-not = That cannot be said now: see below how your log stands.
network-forked = Your log is forked
network-forked-next = Two branches of it exist, so nothing more is posted under this key. Stop the node and type “klatch succeed”: with your recovery words you go on under a new key, and choose the branch that is kept. Whoever follows you follows the new key by itself.
network-succeeded = Your log goes on under another key
network-succeeded-next = If that was you: stop the node and type “klatch succeed” with the same recovery words, and this home is the new key’s. If it was not you, somebody else has your words.

did-peer = Added: the node dials it now.
did-peer-you = Added. It is your own id, though: only another copy of your home answers there, and no two may run.
did-accept = Taken. Posting goes on.
did-back = This is your home again.
