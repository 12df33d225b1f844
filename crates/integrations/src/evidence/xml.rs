//! XML, event by event: memory holds one tag or text at a time, whatever the length of the document.
//!
//! Names are given without their prefix. Comments and processing instructions are passed over. A document type may be
//! named, as JaCoCo and Cobertura do, but is never fetched, and one that defines anything is refused; so no entity is
//! known beyond the five of XML itself.

use quick_xml::Reader as Events;
use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};

use super::counted::Counted;
use super::{Fault, Place, Source};

/// Longest tag or text, in bytes. Whole logs stand in one element of a test report.
const PART_BYTES_MAX: usize = 64 << 20;
/// Deepest nesting of elements.
const DEPTH_MAX: usize = 128;
/// Most attributes of one element.
const ATTRIBUTES_MAX: usize = 256;

/// What comes next in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// An element begins; see [`Reader::name`] and [`Reader::attribute`]. Every one has its end, `<a/>` too.
    Start,
    /// A piece of text, with white space as it stands; see [`Reader::text`]. One text may come in several pieces.
    Text,
    /// An element ends; see [`Reader::name`].
    End,
}

pub(super) struct Reader<'a> {
    events: Events<Counted<'a>>,
    buffer: Vec<u8>,
    /// The names of the open elements, one after the other, and where each begins.
    names: String,
    open: Vec<usize>,
    /// The element that has just ended is still named.
    ended: bool,
    attributes: Vec<Attribute>,
    /// Names and values of `attributes`, or the text.
    content: String,
    place: Place,
    had_root: bool,
}

/// Bounds within `content`: from `name` to `value`, from `value` to `end`.
#[derive(Clone, Copy)]
struct Attribute {
    name: usize,
    value: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        let mut events = Events::from_reader(Counted::new(source, PART_BYTES_MAX));
        events.config_mut().expand_empty_elements = true;
        Self {
            events,
            buffer: Vec::new(),
            names: String::new(),
            open: Vec::new(),
            ended: false,
            attributes: Vec::new(),
            content: String::new(),
            place: Place { line: 1, column: 1 },
            had_root: false,
        }
    }

    /// The next node; none at the end of the document.
    ///
    /// # Errors
    /// The document is not well-formed, ends too early, or goes beyond a limit.
    pub(super) fn next(&mut self) -> Result<Option<Node>, Fault> {
        if std::mem::take(&mut self.ended) {
            self.close();
        }
        loop {
            if let Some(node) = self.step()? {
                return Ok(node);
            }
        }
    }

    /// Of the element that has just begun or ended, or that the text is in.
    pub(super) fn name(&self) -> &str {
        self.open.last().map_or("", |it| &self.names[*it..])
    }

    /// How many elements are open, the one that begins or ends among them.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Of the element that has just begun.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|it| &self.content[it.name..it.value] == name)?;
        Some(&self.content[found.value..found.end])
    }

    /// An attribute that is a number; an empty one counts as absent.
    ///
    /// # Errors
    /// It is something else.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        let Some(text) = self.attribute(name).map(str::trim).filter(|it| !it.is_empty()) else {
            return Ok(None);
        };
        let number = text.parse().map_err(|_| self.fault(format!("`{name}` is no such number: `{text}`")))?;
        Ok(Some(number))
    }

    /// The piece of text that has just been read.
    pub(super) fn text(&self) -> &str {
        &self.content
    }

    /// Where the last node begins.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// A fault at the last node.
    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault { place: Some(self.place()), message: message.into() }
    }

    /// Goes to the end of the element that has just begun, keeping up to `chars_max` of the text within it.
    ///
    /// # Errors
    /// As for [`Reader::next`].
    pub(super) fn text_within(&mut self, chars_max: usize) -> Result<String, Fault> {
        let depth = self.depth();
        let mut text = String::new();
        let mut n_left = chars_max;
        while let Some(node) = self.next()? {
            match node {
                Node::Text if n_left > 0 => {
                    let end = self.text().char_indices().nth(n_left).map_or(self.text().len(), |it| it.0);
                    let piece = &self.text()[..end];
                    n_left -= piece.chars().count();
                    text.push_str(piece);
                }
                Node::End if self.depth() == depth => break,
                Node::Start | Node::Text | Node::End => {}
            }
        }
        Ok(text)
    }

    /// Goes to the end of the element that has just begun.
    ///
    /// # Errors
    /// As for [`Reader::next`].
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        self.text_within(0).map(drop)
    }

    /// One event; none where it is nothing that a reader of documents wants to see.
    fn step(&mut self) -> Result<Option<Option<Node>>, Fault> {
        self.events.get_mut().begin();
        self.place = self.events.get_ref().place();
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let event = self.events.read_event_into(&mut buffer);
        let node = match event {
            Ok(event) => self.take(event),
            Err(error) => Err(self.fault(said(&error))),
        };
        self.buffer = buffer;
        node
    }

    fn take(&mut self, event: Event<'_>) -> Result<Option<Option<Node>>, Fault> {
        match event {
            Event::Start(start) => self.begin(&start).map(|()| Some(Some(Node::Start))),
            Event::Empty(_) => unreachable!("empty elements are expanded"),
            Event::End(_) => {
                self.ended = true;
                Ok(Some(Some(Node::End)))
            }
            Event::Text(text) => self.say(&text.xml10_content()),
            Event::CData(text) => self.say(&text.xml10_content()),
            Event::GeneralRef(reference) => match (reference.resolve_char_ref(), &*reference) {
                (Ok(Some(it)), _) => self.say(it.encode_utf8(&mut [0; 4])),
                (Ok(None), "lt") => self.say("<"),
                (Ok(None), "gt") => self.say(">"),
                (Ok(None), "amp") => self.say("&"),
                (Ok(None), "quot") => self.say("\""),
                (Ok(None), "apos") => self.say("'"),
                (Ok(None), name) => Err(self.fault(format!("the entity `&{name};` is not defined"))),
                (Err(error), _) => Err(self.fault(said(&error))),
            },
            Event::DocType(definition) if definition.contains('[') => {
                Err(self.fault("it defines its own document type; entities are not resolved"))
            }
            Event::DocType(_) | Event::Decl(_) | Event::Comment(_) | Event::PI(_) => Ok(None),
            Event::Eof => self.finish(),
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        if self.open.is_empty() && std::mem::replace(&mut self.had_root, true) {
            return Err(self.fault("a second document begins here"));
        }
        if self.open.len() == DEPTH_MAX {
            return Err(self.fault(format!("elements are nested deeper than {DEPTH_MAX}")));
        }
        self.open.push(self.names.len());
        self.names.push_str(local(start.name().0));
        self.content.clear();
        self.attributes.clear();
        self.take_attributes(start.attributes())
    }

    fn take_attributes(&mut self, mut attributes: Attributes<'_>) -> Result<(), Fault> {
        // Its own check compares texts pair by pair as ours does, but tells no name.
        for attribute in attributes.with_checks(false) {
            let attribute = attribute.map_err(|it| self.fault(it.to_string()))?;
            let name = local(attribute.key.0);
            let is_namespace = attribute.key.0.starts_with("xmlns");
            if !is_namespace && self.attribute(name).is_some() {
                return Err(self.fault(format!("the attribute `{name}` is there twice")));
            }
            if self.attributes.len() == ATTRIBUTES_MAX {
                return Err(self.fault(format!("one element has more than {ATTRIBUTES_MAX} attributes")));
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|it| self.fault(said(&it)))?;
            let at = self.content.len();
            self.content.push_str(name);
            self.content.push_str(&value);
            self.attributes.push(Attribute { name: at, value: at + name.len(), end: self.content.len() });
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<Option<Option<Node>>, Fault> {
        if self.open.is_empty() {
            let is_blank = text.chars().all(|it| it.is_whitespace() || it == '\u{feff}');
            return if is_blank { Ok(None) } else { Err(self.fault("this is text outside of any element")) };
        }
        self.content.clear();
        self.content.push_str(text);
        Ok(Some(Some(Node::Text)))
    }

    fn finish(&self) -> Result<Option<Option<Node>>, Fault> {
        match self.open.last() {
            Some(_) => Err(self.fault(format!("the document ends within `<{}>`", self.name()))),
            None if !self.had_root => Err(self.fault("the document is empty")),
            None => Ok(Some(None)),
        }
    }

    fn close(&mut self) {
        if let Some(at) = self.open.pop() {
            self.names.truncate(at);
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |it| it.1)
}

fn said(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(text: &str) -> Result<String, String> {
        let mut bytes = text.as_bytes();
        let mut reader = Reader::new(Source::new(&mut bytes));
        let mut told = String::new();
        while let Some(node) = reader.next().map_err(|it| it.to_string())? {
            match node {
                Node::Start => {
                    told += &format!("<{}", reader.name());
                    told += &reader.attribute("a").map_or_else(String::new, |it| format!(" {it:?}"));
                }
                Node::Text => told += reader.text(),
                Node::End => told += &format!("{}>", reader.name()),
            }
        }
        Ok(told)
    }

    fn check(text: &str, expect: Result<&str, &str>) {
        match (nodes(text), expect) {
            (Ok(told), expect) => assert_eq!(Ok(told.as_str()), expect),
            (Err(said), Err(words)) => assert!(said.starts_with(words), "{said}"),
            (Err(said), Ok(_)) => panic!("{said}: {text}"),
        }
    }

    #[test]
    fn what_is_well_formed_is_told() {
        check("<?xml version='1.0'?>\n<!-- x --><a/>\n", Ok("<aa>"));
        check("<x:r xmlns:x='u' x:a='1&lt;2'>o&amp;&#233;<![CDATA[<b>]]></x:r>", Ok("<r \"1<2\"o&é<b>r>"));
        check("<!DOCTYPE report PUBLIC '-//J//D' 'report.dtd'><report/>", Ok("<reportreport>"));
    }

    #[test]
    fn what_is_not_is_refused_with_its_place() {
        check("", Err("line 1, column 1: the document is empty"));
        check("<a>\n <b>", Err("line 2, column 5: the document ends within `<b>`"));
        check("<a>\n <b></c></a>", Err("line 2, column 5: ill-formed document"));
        check("<a>\n é<b", Err("line 2, column 3: syntax error"));
        check("<a/><b/>", Err("line 1, column 5: a second document"));
        check("<a/>b", Err("line 1, column 5: this is text outside"));
        check("<a>&b;</a>", Err("line 1, column 4: the entity `&b;`"));
        check("<a b='&c;'/>", Err("line 1, column 1: "));
        check("<a b='1' b='2'/>", Err("line 1, column 1: the attribute `b` is there twice"));
        check("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", Err("line 1, column 1: it defines its own"));
        check(&"<a>".repeat(1000), Err("line 1, column 385: elements are nested deeper"));
    }

    #[test]
    fn the_text_within_is_gathered_up_to_its_limit() {
        let mut bytes = b"<r><a>one<b>two</b>three</a><c/></r>".as_slice();
        let mut reader = Reader::new(Source::new(&mut bytes));
        reader.next().unwrap();
        reader.next().unwrap();
        assert_eq!(reader.text_within(5).unwrap(), "onetw");
        assert_eq!(reader.next().unwrap(), Some(Node::Start));
        assert_eq!(reader.name(), "c");
    }
}
