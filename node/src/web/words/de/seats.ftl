# Wer einen Platz hat, und die Gästeliste.
seats-title = Plätze bei { $who }
seats-head = Plätze
seats-print = Gästeliste
seats-table = Tabelle (CSV)
seats-nobody = Noch hat niemand geantwortet
seats-nobody-next = Teile das Treffen; dann stehen hier die Antworten, sobald sie kommen.
seats-place = Platz
seats-by = von { $who }
seats-stale = Antwort galt einer anderen Zeit oder einem anderen Ort
seats-admit = Zulassen
seats-admit-all = { $count ->
    [one] Die eine wartende Person zulassen
   *[other] Alle { $count } Wartenden zulassen
 }
seats-release = Platz freigeben
seats-take-off = Von der Liste nehmen
seats-many = Wie viele Plätze
seats-share = { $count ->
    [one] 1 Platz zu vergeben
   *[other] { $count } Plätze zu vergeben
 }
seats-closed = Liste geschlossen
seats-cut = Rolle entzogen
seats-revoke = Rolle entziehen
seats-grant = Eine Rolle geben
seats-grant-go = Geben
seats-whom = Wem
seats-choose = Wähle jemanden
seats-role = Rolle
seats-quota = Plätze, die du abgibst
seats-close = Meine Liste schließen
seats-close-means = Danach reihst weder du noch dein Knoten jemanden ein. Das ist endgültig.
seats-close-go = Schließen
seats-guests = Gästeliste
seats-guests-title = Gästeliste von { $who }
seats-how-to-print = dein Browser druckt sie als Liste zum Abhaken
seats-here = Da
seats-name = Name
seats-persons = Personen
seats-stands = Platz
seats-note = Notiz
seats-has = hat einen Platz
seats-waits = wartet auf Platz { $count }
seats-walked-in = kam ohne Zusage
did-admit = Zugelassen.
did-release = Freigegeben: Wer als Nächstes wartet, rückt nach.
did-close = Deine Liste ist geschlossen.
did-capacity = Die Zahl der Plätze ist geändert.
did-grant = Die Rolle ist vergeben.
did-revoke = Die Rolle ist entzogen.
