//! A group's events as an Atom feed.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use klatch_feed::EventState;

use super::{Published, PublishedEvent, claimed};
use crate::foreign;

type Xml = Writer<Vec<u8>>;

/// The feed. `base` is the address of the pages on which its events are, if there are such.
pub fn to_atom(group: &Published, base: Option<&str>) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    write(&mut xml, group, base).expect("memory takes any text");
    let mut text = String::from_utf8(xml.into_inner()).expect("made of text");
    text.push('\n');
    text
}

fn write(xml: &mut Xml, group: &Published, base: Option<&str>) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    let updated = group.events.iter().map(|event| event.updated_ms).fold(group.founded_ms, u64::max);
    let feed = xml.create_element("feed").with_attribute(("xmlns", "http://www.w3.org/2005/Atom"));
    feed.write_inner_content(|xml| {
        text(xml, "id", &format!("klatch:{}", group.id))?;
        text(xml, "title", &group.title)?;
        text(xml, "updated", &claimed(updated))?;
        author(xml, &group.author)?;
        text(xml, "generator", "klatch")?;
        if let Some(base) = base {
            link(xml, "self", &format!("{base}/g/{}.atom", group.id))?;
            link(xml, "alternate", &format!("{base}/g/{}", group.id))?;
        }
        group.events.iter().try_for_each(|event| entry(xml, event, base))
    })?;
    Ok(())
}

fn entry(xml: &mut Xml, published: &PublishedEvent, base: Option<&str>) -> io::Result<()> {
    let event = &published.dated.event;
    xml.create_element("entry").write_inner_content(|xml| {
        text(xml, "id", &format!("klatch:{}", event.id))?;
        text(xml, "title", &foreign::line(&event.title))?;
        text(xml, "published", &claimed(published.founded_ms))?;
        text(xml, "updated", &claimed(published.updated_ms))?;
        published.organizers.iter().try_for_each(|name| author(xml, name))?;
        for tag in &event.tags {
            let tag = foreign::line(tag);
            xml.create_element("category").with_attribute(("term", &tag[..])).write_empty()?;
        }
        if let Some(base) = base {
            link(xml, "alternate", &format!("{base}/e/{}", event.id))?;
        }
        if let Some(online) = foreign::link(&event.online) {
            link(xml, "related", online)?;
        }
        let content = xml.create_element("content").with_attribute(("type", "text"));
        content.write_text_content(BytesText::new(&content_of(published)))?;
        Ok(())
    })?;
    Ok(())
}

fn link(xml: &mut Xml, rel: &str, href: &str) -> io::Result<()> {
    xml.create_element("link").with_attributes([("rel", rel), ("href", href)]).write_empty()?;
    Ok(())
}

fn author(xml: &mut Xml, name: &str) -> io::Result<()> {
    xml.create_element("author").write_inner_content(|xml| text(xml, "name", name))?;
    Ok(())
}

fn text(xml: &mut Xml, name: &'static str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&foreign::lines(text)))?;
    Ok(())
}

/// In what an occurrence differs from its series.
fn changed(series: &EventState, one: &EventState) -> Option<String> {
    let name = one.occ.as_deref()?;
    let plain = series.plain_occurrence(name);
    let mut says = Vec::new();
    if one.cancelled && !series.cancelled {
        says.push("cancelled".to_owned());
    }
    if (&one.start, &one.zone) != (&plain.start, &plain.zone) {
        says.push(format!("on {} {}", one.start.replacen('T', " ", 1), one.zone));
    }
    if one.minutes != plain.minutes {
        says.push(format!("{} minutes", one.minutes));
    }
    let texts = [(&one.title, &plain.title), (&one.place, &plain.place), (&one.about, &plain.about)];
    says.extend(texts.into_iter().filter(|(text, plain)| text != plain).map(|(text, _)| text.clone()));
    let date = plain.start.replacen('T', " ", 1);
    (!says.is_empty()).then(|| format!("{date}: {}", says.join("; ")))
}

/// What a reader should know, as plain text.
fn content_of(published: &PublishedEvent) -> String {
    let event = &published.dated.event;
    let mut lines = Vec::new();
    if event.cancelled {
        lines.push(match published.dated.reason.as_str() {
            "" => "Cancelled.".to_owned(),
            reason => format!("Cancelled: {reason}"),
        });
    }
    lines.push(match event.all_day {
        true => format!("{} {}", event.start.get(..10).unwrap_or_default(), event.zone),
        false => format!("{} {}, {} minutes", event.start.replacen('T', " ", 1), event.zone, event.minutes),
    });
    if let Some(rule) = event.repeat.as_deref().and_then(|rule| rule.parse::<klatch_feed::post::Rule>().ok())
    {
        lines.push(rule.to_string());
    }
    lines.extend(
        [&event.place, &event.access, &event.cost].into_iter().filter(|text| !text.is_empty()).cloned(),
    );
    if !event.about.is_empty() {
        lines.extend([String::new(), event.about.clone()]);
    }
    let of_series = published.dated.occurrences.iter().filter_map(|one| changed(event, one));
    lines.extend(of_series);
    foreign::lines(&lines.join("\n"))
}
