//! CSAF 2.0 and 2.1 (OASIS), above all its VEX profile: statements by product.
//!
//! Product ids are shown as package URLs where the product tree knows one. A product that is a component within
//! another (a relationship of the tree) becomes a statement on the other with the component under it.

mod tree;

use serde::Deserialize;
use shipway_model::evidence::{Normal, Statement, Vex, VexStatus};

use self::tree::Tree;
use super::gathered::{Gather, Gathered, Kept, excerpt};
use super::weight::Weigh;
use super::{Fault, Format, Head, Sniff, Source, advisory, json};

pub(super) const FORMAT: Format =
    Format { name: "csaf", summary: "CSAF 2.0 and 2.1 documents, such as vendors' VEX.", sniff, read };

fn sniff(head: &Head<'_>) -> Sniff {
    match () {
        () if !head.text.starts_with('{') => Sniff::No,
        () if head.text.contains("\"csaf_version\"") => Sniff::Sure,
        () if head.text.contains("\"product_tree\"") && head.text.contains("\"tracking\"") => Sniff::Maybe,
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
struct Csaf {
    document: Document,
    product_tree: Option<Tree>,
    vulnerabilities: Option<Gathered<Vulnerabilities>>,
}

#[derive(Deserialize)]
struct Document {
    category: String,
    csaf_version: String,
    title: Option<String>,
    tracking: Tracking,
}

#[derive(Deserialize)]
struct Tracking {
    id: String,
    current_release_date: Option<String>,
    status: Option<String>,
    generator: Option<Generator>,
}

#[derive(Deserialize)]
struct Generator {
    engine: Engine,
}

#[derive(Deserialize)]
struct Engine {
    name: String,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    cve: Option<String>,
    ids: Option<Vec<Id>>,
    product_status: Option<ProductStatus>,
    flags: Option<Vec<Flag>>,
    threats: Option<Vec<Note>>,
    remediations: Option<Vec<Note>>,
}

#[derive(Deserialize)]
struct Id {
    text: String,
}

#[derive(Deserialize)]
struct ProductStatus {
    known_not_affected: Option<Vec<String>>,
    known_affected: Option<Vec<String>>,
    first_affected: Option<Vec<String>>,
    last_affected: Option<Vec<String>>,
    fixed: Option<Vec<String>>,
    first_fixed: Option<Vec<String>>,
    under_investigation: Option<Vec<String>>,
}

/// Why products are not affected.
#[derive(Deserialize)]
struct Flag {
    label: String,
    date: Option<String>,
    product_ids: Option<Vec<String>>,
    group_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Note {
    category: String,
    details: Option<String>,
    product_ids: Option<Vec<String>>,
    group_ids: Option<Vec<String>>,
}

/// Held until the product tree is known, which may follow.
#[derive(Default)]
struct Vulnerabilities(Kept<Vulnerability>);

impl Gather for Vulnerabilities {
    type Item = Vulnerability;

    fn gather(&mut self, vulnerability: Vulnerability) {
        self.0.push(vulnerability);
    }
}

impl Weigh for Vulnerability {
    fn heap_bytes(&self) -> usize {
        self.cve.heap_bytes()
            + self.ids.heap_bytes()
            + self.product_status.heap_bytes()
            + self.flags.heap_bytes()
            + self.threats.heap_bytes()
            + self.remediations.heap_bytes()
    }
}

impl Weigh for Id {
    fn heap_bytes(&self) -> usize {
        self.text.heap_bytes()
    }
}

impl Weigh for ProductStatus {
    fn heap_bytes(&self) -> usize {
        let not_affected = [&self.known_not_affected, &self.under_investigation];
        let affected = [&self.known_affected, &self.first_affected, &self.last_affected];
        let fixed = [&self.fixed, &self.first_fixed];
        not_affected.into_iter().chain(affected).chain(fixed).map(Weigh::heap_bytes).sum()
    }
}

impl Weigh for Flag {
    fn heap_bytes(&self) -> usize {
        self.label.heap_bytes()
            + self.date.heap_bytes()
            + self.product_ids.heap_bytes()
            + self.group_ids.heap_bytes()
    }
}

impl Weigh for Note {
    fn heap_bytes(&self) -> usize {
        self.category.heap_bytes()
            + self.details.heap_bytes()
            + self.product_ids.heap_bytes()
            + self.group_ids.heap_bytes()
    }
}

impl ProductStatus {
    /// Products by status.
    fn groups(self) -> [(VexStatus, Vec<String>); 4] {
        let all = |lists: Vec<Option<Vec<String>>>| lists.into_iter().flatten().flatten().collect();
        [
            (VexStatus::NotAffected, all(vec![self.known_not_affected])),
            (VexStatus::Affected, all(vec![self.known_affected, self.first_affected, self.last_affected])),
            (VexStatus::Fixed, all(vec![self.fixed, self.first_fixed])),
            (VexStatus::UnderInvestigation, all(vec![self.under_investigation])),
        ]
    }
}

impl Vulnerability {
    /// One statement for the products that share a status, a reason and a parent.
    fn statements(mut self, tree: &Tree, released: Option<&String>, kept: &mut Kept<Statement>) {
        let names =
            self.cve.take().into_iter().chain(self.ids.take().into_iter().flatten().map(|it| it.text));
        let (vulnerability, aliases) = advisory::name(names);
        let Some(status) = self.product_status.take() else { return };
        for (status, products) in status.groups() {
            let mut open: Vec<Statement> = Vec::new();
            for product in products {
                let flag = self.flag(tree, &product).filter(|_| status == VexStatus::NotAffected);
                let (parent, component) = tree.place(&product);
                let vex = Vex {
                    status,
                    justification: flag.map(|it| it.label.clone()),
                    detail: self.detail(tree, status, &product).map(excerpt),
                };
                let subcomponents: Vec<String> = component.into_iter().collect();
                match open.iter_mut().rev().find(|it| it.vex == vex && it.subcomponents == subcomponents) {
                    Some(statement) => statement.products.push(parent),
                    None => open.push(Statement {
                        vulnerability: vulnerability.clone(),
                        aliases: aliases.clone(),
                        products: vec![parent],
                        subcomponents,
                        vex,
                        at: flag.and_then(|it| it.date.clone()).or_else(|| released.cloned()),
                    }),
                }
            }
            open.into_iter().for_each(|it| kept.push(it));
        }
    }

    fn flag(&self, tree: &Tree, product: &str) -> Option<&Flag> {
        self.flags
            .iter()
            .flatten()
            .find(|it| tree.covers(it.product_ids.as_deref(), it.group_ids.as_deref(), product))
    }

    /// Why a product is not affected, or what to do where it is.
    fn detail(&self, tree: &Tree, status: VexStatus, product: &str) -> Option<&str> {
        let (notes, categories): (_, &[&str]) = match status {
            VexStatus::NotAffected => (&self.threats, &["impact"]),
            VexStatus::Affected => (
                &self.remediations,
                &["vendor_fix", "mitigation", "workaround", "no_fix_planned", "none_available"],
            ),
            VexStatus::Fixed | VexStatus::UnderInvestigation => return None,
        };
        let covers = |it: &&Note| tree.covers(it.product_ids.as_deref(), it.group_ids.as_deref(), product);
        let note =
            notes.iter().flatten().filter(|it| categories.contains(&it.category.as_str())).find(covers);
        note?.details.as_deref()
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let csaf: Csaf = json::read(source)?;
    let Document { category, csaf_version, title, tracking } = csaf.document;
    if !matches!(csaf_version.as_str(), "2.0" | "2.1") {
        return Err(Fault::new(format!("CSAF `{csaf_version}` is not read; 2.0 and 2.1 are")));
    }
    let engine = tracking.generator.map(|it| it.engine);
    let mut normal = Normal {
        format: FORMAT.name.to_owned(),
        format_version: Some(csaf_version),
        tool: engine.as_ref().map(|it| it.name.clone()),
        tool_version: engine.and_then(|it| it.version),
        created_at: tracking.current_release_date.clone(),
        about: Some(title.map_or(tracking.id.clone(), |title| format!("{}: {title}", tracking.id))),
        ..Normal::default()
    };
    if category != "csaf_vex" {
        normal.remarks.push(format!("the document is a `{}`, not a VEX", excerpt(&category)));
    }
    if let Some(status) = tracking.status.filter(|it| it != "final") {
        normal.remarks.push(format!("the document is not final but `{}`", excerpt(&status)));
    }
    let tree = csaf.product_tree.unwrap_or_default().index();
    let mut statements = Kept::default();
    let mut unjudged = 0_u64;
    for vulnerability in csaf.vulnerabilities.unwrap_or_default().0.0.finish("statements", &mut normal) {
        unjudged += u64::from(vulnerability.product_status.is_none());
        vulnerability.statements(&tree, tracking.current_release_date.as_ref(), &mut statements);
    }
    if unjudged > 0 {
        normal.remarks.push(format!("{unjudged} vulnerabilities have no product status"));
    }
    normal.statements = Some(statements.finish("statements", &mut normal));
    Ok(normal)
}
