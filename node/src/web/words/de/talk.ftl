# Was gesagt wurde, und was sich damit tun lässt.
talk-act = Zurücknehmen oder verbergen
talk-title = Etwas, das gesagt wurde
talk-back = So lassen
talk-delete = Zurücknehmen
talk-delete-means = Der Text verschwindet von jedem Knoten, der davon hört. Dass etwas gesagt wurde, bleibt.
talk-delete-go = Zurücknehmen
talk-hide = Für alle verbergen
talk-hide-means = Seiten zeigen es nicht mehr: An seiner Stelle steht, dass du es verborgen hast und warum. Gastgeber können es wieder zeigen.
talk-hide-go = Verbergen
talk-show = Wieder zeigen
talk-show-means = Das ist verborgen. Danach können es alle wieder lesen.
talk-show-go = Wieder zeigen
did-hide = Es ist verborgen.
did-show = Es ist wieder zu sehen.
did-delete = Zurückgenommen.

attendance-title = Wie { $who } war
attendance-head = Wer kam
attendance-over = { $confirmed } bestätigt, { $walked } ohne Antwort gekommen, { $excused } entschuldigt, { $away } weggeblieben.
attendance-not-over = { $confirmed } bestätigt, { $walked } ohne Antwort gekommen, { $excused } entschuldigt. Es ist nicht vorbei: Noch ist niemand weggeblieben.
attendance-asked = Wollten
attendance-seat = Plätze
attendance-came = Kamen
attendance-persons = Personen
attendance-notes = Vermerkt
attendance-events = { $count ->
    [one] 1 Treffen der Gruppe ist vorbei.
   *[other] { $count } Treffen der Gruppe sind vorbei.
 }
attendance-own = Du siehst nur dich selbst: Gastgeber sehen alle.
attendance-none = Noch ist niemand zu einem Treffen gekommen
attendance-count = Treffen
attendance-here = sagt, dass sie da waren
attendance-excused = entschuldigt
attendance-away = weggeblieben
attendance-none-next = Sobald ein Treffen vorbei ist, steht hier, wer kam und wer wegblieb.
