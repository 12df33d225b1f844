//! YAML text to a tree in which every key and value knows its place.
//!
//! Scalars keep the text as it was written: what it means is decided by the shape it must fit, so `014`, `1.10` and
//! `no` never turn into something else on the way. Size, depth, nodes and aliases are limited while parsing.

use std::collections::{BTreeMap, HashMap};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::FILE_BYTES_MAX;
use super::fault::FileFaults;
use super::snippet::excerpt;

/// Deepest nesting of lists and mappings. The deepest shape has a third of this.
pub(super) const DEPTH_MAX: usize = 64;
/// Most keys and values in one file.
pub(super) const NODES_MAX: usize = 100_000;
/// Most that all anchors and aliases of one file may copy, in bytes, a node counting as [`NODE_BYTES`] beside its
/// text.
const REPEATED_BYTES_MAX: usize = 1024 * 1024;
const NODE_BYTES: usize = 64;

/// Byte offsets into the file, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Without quotes; its type depends on who asks.
    Plain(String),
    /// In quotes or a block: a text whatever it looks like.
    Quoted(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) value: Node,
}

/// The documents of a file that are YAML at all. A document with a fault in its syntax is left out.
pub(super) fn documents(text: &str, faults: &mut FileFaults<'_, '_>) -> Vec<Node> {
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file has {} bytes; at most {FILE_BYTES_MAX} are read", text.len());
        faults.add(Place { start: 0, end: 0 }, message, Some("split it into several files".to_owned()));
        return Vec::new();
    }
    let mut options = granit_parser::options! {
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
        disallow_directives: true,
    };
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer { parser, faults, anchors: HashMap::new(), n_nodes: 0, repeated_bytes: 0 };
    let mut found = Vec::new();
    loop {
        match composer.next_document() {
            Ok(Some(node)) if node.is_nothing() => {}
            Ok(Some(node)) => found.push(node),
            Ok(None) => return found,
            Err(Stop::Syntax(error)) => {
                composer.syntax_fault(&error);
                if !composer.parser.proceed_next_document().unwrap_or(false) {
                    return found;
                }
            }
            Err(Stop::Limit(place, message)) => {
                let help = "split the file, or write it flatter".to_owned();
                composer.faults.add(place, message, Some(help));
                return found;
            }
        }
    }
}

enum Stop {
    Syntax(Box<ScanError>),
    Limit(Place, String),
}

struct Composer<'t, 'c, 'f, 's> {
    parser: Parser<'t, StrInput<'t>>,
    faults: &'c mut FileFaults<'f, 's>,
    /// By the parser's number, with the size of a copy; absent while the anchor's node is still open.
    anchors: HashMap<usize, (Node, usize)>,
    n_nodes: usize,
    repeated_bytes: usize,
}

impl<'t> Composer<'t, '_, '_, '_> {
    fn next_document(&mut self) -> Result<Option<Node>, Stop> {
        loop {
            match self.next()? {
                (Event::DocumentStart(..), _) => {
                    self.anchors.clear();
                    let (event, place) = self.next()?;
                    let node = self.node(event, place, 0)?;
                    return Ok(Some(node));
                }
                (Event::StreamEnd, _) => return Ok(None),
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Place), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, place_of(span))),
            Some(Err(error)) if *error.kind() == ErrorKind::RecursionLimitExceeded => {
                Err(too_deep(place_at(&error)))
            }
            Some(Err(error)) => Err(Stop::Syntax(Box::new(error))),
            None => Ok((Event::StreamEnd, Place { start: 0, end: 0 })),
        }
    }

    fn node(&mut self, event: Event<'t>, place: Place, depth: usize) -> Result<Node, Stop> {
        self.n_nodes += 1;
        if self.n_nodes > NODES_MAX {
            return Err(Stop::Limit(place, format!("more than {NODES_MAX} keys and values in one file")));
        }
        if depth > DEPTH_MAX {
            return Err(too_deep(place));
        }
        if let Some(tag) = event.tag() {
            let message = format!("the tag `{}` has no meaning here", excerpt(&tag.original(), 40));
            self.faults.add(place, message, Some("leave the tag away; put a text in quotes".to_owned()));
        }
        let anchor = event.anchor_id();
        let node = match event {
            Event::Alias(id) => return self.aliased(id, place),
            Event::Scalar(text, ScalarStyle::Plain, ..) => {
                Node { place, content: Content::Plain(text.into_owned()) }
            }
            Event::Scalar(text, ..) => Node { place, content: Content::Quoted(text.into_owned()) },
            Event::SequenceStart(..) => self.list(place, depth)?,
            Event::MappingStart(..) => self.map(place, depth)?,
            // The parser gives nothing else where a node stands; an unknown future event reads as nothing.
            _ => Node { place, content: Content::Plain("~".to_owned()) },
        };
        if let Some(id) = anchor {
            let size = node.size_bytes();
            self.repeat(size, place)?;
            self.anchors.insert(id, (node.clone(), size));
        }
        Ok(node)
    }

    fn list(&mut self, place: Place, depth: usize) -> Result<Node, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, end) => {
                    let place = Place { start: place.start, end: end.end.max(place.start) };
                    return Ok(Node { place, content: Content::List(items) });
                }
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, place: Place, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        loop {
            let (event, key_place) = match self.next()? {
                (Event::MappingEnd | Event::StreamEnd, end) => {
                    let place = Place { start: place.start, end: end.end.max(place.start) };
                    return Ok(Node { place, content: Content::Map(entries) });
                }
                next => next,
            };
            let key = self.node(event, key_place, depth + 1)?;
            let (event, value_place) = self.next()?;
            let value = self.node(event, value_place, depth + 1)?;
            match key.content {
                Content::Plain(key) | Content::Quoted(key) => {
                    if let Some(&first) = places.get(&key) {
                        self.given_twice(&key, first, key_place);
                    } else {
                        places.insert(key.clone(), key_place);
                        entries.push(Entry { key, key_place, value });
                    }
                }
                Content::List(_) | Content::Map(_) => {
                    let help = "write `key: value`; text with `{` or `[` in front needs quotes".to_owned();
                    self.faults.add(key_place, "a key must be a text", Some(help));
                }
            }
        }
    }

    fn given_twice(&mut self, key: &str, first: Place, second: Place) {
        let line = self.faults.line(first);
        let message = format!("`{}` is given twice: it stands in line {line} already", excerpt(key, 60));
        self.faults.add(second, message, Some("keep one of them".to_owned()));
    }

    fn aliased(&mut self, id: usize, place: Place) -> Result<Node, Stop> {
        let Some(&(_, size)) = self.anchors.get(&id) else {
            return Err(Stop::Limit(place, "the alias stands inside of what it repeats".to_owned()));
        };
        self.repeat(size, place)?;
        Ok(self.anchors[&id].0.moved(place))
    }

    /// Counts a copy before it is made: one for each anchor, one for each alias.
    fn repeat(&mut self, size_bytes: usize, place: Place) -> Result<(), Stop> {
        self.repeated_bytes += size_bytes;
        if self.repeated_bytes > REPEATED_BYTES_MAX {
            return Err(Stop::Limit(
                place,
                format!("anchors and aliases repeat more than {REPEATED_BYTES_MAX} bytes"),
            ));
        }
        Ok(())
    }

    fn syntax_fault(&mut self, error: &ScanError) {
        let what = error.kind().to_string();
        let help = match what.as_str() {
            it if it.contains("tabs") => "indent with spaces",
            it if it.contains("anchor") => {
                "define it before with `&name`, or put a text with `*` in front in quotes"
            }
            it if it.contains("directives") => "remove the line that begins with `%`",
            it if it.contains("':'") => "write `key: value`, with a space after the colon",
            _ => {
                "look at the indentation, and put quotes around texts with `: `, ` #`, `{`, `[`, `&`, `*` or `!`"
            }
        };
        self.faults.add(place_at(error), format!("not YAML: {what}"), Some(help.to_owned()));
    }
}

fn too_deep(place: Place) -> Stop {
    Stop::Limit(place, format!("nested deeper than {DEPTH_MAX} levels"))
}

fn place_at(error: &ScanError) -> Place {
    let start = error.marker().byte_offset().unwrap_or_default();
    Place { start, end: start }
}

fn place_of(span: Span) -> Place {
    let start = span.start.byte_offset().unwrap_or_default();
    Place { start, end: span.end.byte_offset().unwrap_or(start).max(start) }
}

impl Node {
    /// Empty, `~` or `null` without quotes.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.content, Content::Plain(text) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The scalar's text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Plain(text) | Content::Quoted(text) => Some(text),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|it| it.key == key),
            Content::Plain(_) | Content::Quoted(_) | Content::List(_) => None,
        }
    }

    pub(super) fn item(&self, idx: usize) -> Option<&Self> {
        match &self.content {
            Content::List(items) => items.get(idx),
            Content::Plain(_) | Content::Quoted(_) | Content::Map(_) => None,
        }
    }

    /// Where to point when the whole is meant: at its first key.
    pub(super) fn opening(&self) -> Place {
        match &self.content {
            Content::Map(entries) => entries.first().map_or(self.place, |it| it.key_place),
            Content::Plain(_) | Content::Quoted(_) | Content::List(_) => self.place,
        }
    }

    /// The same content, all of it standing where the alias stands.
    fn moved(&self, place: Place) -> Self {
        let content = match &self.content {
            Content::List(items) => Content::List(items.iter().map(|it| it.moved(place)).collect()),
            Content::Map(entries) => Content::Map(
                entries
                    .iter()
                    .map(|it| Entry { key: it.key.clone(), key_place: place, value: it.value.moved(place) })
                    .collect(),
            ),
            scalar @ (Content::Plain(_) | Content::Quoted(_)) => scalar.clone(),
        };
        Self { place, content }
    }

    fn size_bytes(&self) -> usize {
        NODE_BYTES
            + match &self.content {
                Content::Plain(text) | Content::Quoted(text) => text.len(),
                Content::List(items) => items.iter().map(Self::size_bytes).sum(),
                Content::Map(entries) => {
                    entries.iter().map(|it| NODE_BYTES + it.key.len() + it.value.size_bytes()).sum()
                }
            }
    }
}
