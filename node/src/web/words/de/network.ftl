# Das Netz, und ob man etwas veröffentlichen kann.
network-peers = Gerade verbunden
network-nobody = Niemand ist verbunden. Knoten im selben Netz finden einander; Pubs und Adressen reichen weiter.
network-lan = in diesem Netz
network-peer = über eine Adresse
network-pub = ein Pub, in dem du bist
network-member = ein Mitglied dieses Pubs
network-level = Alles, was beide wollen, ist ausgetauscht.
network-comparing = Vergleichen noch, wer was hat.
network-peer-coming = { $count ->
    [one] 1 Eintrag kommt noch.
   *[other] { $count } Einträge kommen noch.
 }
network-coming = Kommt noch: { $count ->
    [one] 1 Eintrag
   *[other] { $count } Einträge
 } aus { $feeds ->
    [one] 1 Log
   *[other] { $feeds } Logs
 }
network-traffic = { $received } empfangen, { $sent } gesendet
network-holds = Hat von deinem Log:
network-storage = Auf diesem Rechner
network-kept = { $count ->
    [one] 1 Eintrag
   *[other] { $count } Einträge
 } aus { $feeds ->
    [one] 1 Log
   *[other] { $feeds } Logs
 }, { $size }
network-reach = Andere erreichen diesen Knoten unter
network-cap = { $count ->
    [0] nichts davon zählt
    [one] Eintrag 1 zählt
   *[other] die Einträge 1 bis { $count } zählen
 }
network-forks = Gegabelte Logs
network-forks-what = Ein Schlüssel hat zwei verschiedene Einträge für dieselbe Stelle unterschrieben: zwei Kopien eines Zuhauses oder ein gestohlener Schlüssel. Für alle zählt, was davor steht, und nichts danach, bis es unter neuem Schlüssel weitergeht.
network-add = Jemanden über eine Adresse erreichen
network-add-what = Kennung und Adresse
network-add-form = Schreib, wer es ist und wo, mit einem @ dazwischen: feed1…@192.0.2.7:4747
network-add-id = Was vor dem @ steht, ist keine Kennung: Kopier sie ganz, sie beginnt mit feed1.
network-add-address = Was nach dem @ steht, ist keine Adresse: Schreib Rechner und Port, etwa 192.0.2.7:4747 oder meet.example.org:4747.
network-add-go = Hinzufügen
network-join = Die Einladung eines Pubs gehört hierhin:
network-posting = Alles in Ordnung
network-posting-what = Was du tust, wird veröffentlicht und geht an alle, die verbunden sind.
network-recovering = Du kommst zurück
network-recovering-next = Lass diesen Knoten laufen, wo er andere trifft, die dein Log haben: im selben Netz, über einen Pub, in dem du bist, oder über eine Adresse. Bis es vollständig ist, wird nichts von dir veröffentlicht.
network-last = { $count ->
    [one] Hier ist 1 Eintrag von dir
   *[other] Hier sind { $count } Einträge von dir
 }, der letzte von { $time }: { $what }
network-last-none = Von dir ist noch nichts hier.
network-nobody-delivered = Noch wurde niemand getroffen, der dein Log hat.
network-delivered = Haben alles gebracht, was sie haben: { $who }
network-twin = Ein anderer Knoten läuft mit deinem Schlüssel. Halt ihn für immer an: Zwei würden dein Log gabeln.
network-known = { $count ->
    [one] 1 Eintrag gibt es, und er ist nicht ganz hier.
   *[other] { $count } Einträge gibt es, und nicht alle sind hier.
 } Lass den Knoten laufen, bis jemand den Rest bringt.
network-ready = { $count ->
    [one] In einer Sekunde geht es von selbst weiter, wenn nichts Neueres kommt.
   *[other] In { $count } Sekunden geht es von selbst weiter, wenn nichts Neueres kommt.
 }
network-accept-now = Warte auf einen weiteren Knoten, der dein Log hat. Oder sag selbst, dass der Eintrag oben der letzte ist, den du je geschrieben hast. Stimmt das nicht, gabelt sich dein Log.
network-accept-in = { $count ->
    [one] Warte auf einen weiteren Knoten oder eine Sekunde: Dann darfst du selbst sagen, dass der Eintrag oben dein letzter ist.
   *[other] Warte auf einen weiteren Knoten oder { $count } Sekunden: Dann darfst du selbst sagen, dass der Eintrag oben dein letzter ist.
 }
network-accept = Das ist mein letzter Eintrag
network-accept-not = Das lässt sich jetzt nicht sagen: Darunter steht, wie es um dein Log steht.
network-forked = Dein Log ist gegabelt
network-forked-next = Es gibt zwei Zweige, also wird unter diesem Schlüssel nichts mehr veröffentlicht. Halt den Knoten an und tippe „klatch succeed“: Mit deinen Wörtern machst du unter neuem Schlüssel weiter und wählst den Zweig, der bleibt. Wer dir folgt, folgt dem neuen von selbst.
network-succeeded = Dein Log geht unter anderem Schlüssel weiter
network-succeeded-next = Wenn du das warst: Halt den Knoten an und tippe „klatch succeed“ mit denselben Wörtern, dann gehört dieses Zuhause dem neuen Schlüssel. Wenn nicht, hat jemand anders deine Wörter.

did-peer = Hinzugefügt: Der Knoten ruft dort an.
did-peer-you = Hinzugefügt. Es ist aber deine eigene Kennung: Dort antwortet nur eine andere Kopie deines Zuhauses, und zwei dürfen nie laufen.
did-accept = Angenommen. Es geht weiter.
did-back = Das ist wieder dein Zuhause.
