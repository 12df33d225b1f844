//! The product tree: what product ids stand for.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Default, Deserialize)]
pub(super) struct Tree {
    branches: Option<Vec<Branch>>,
    full_product_names: Option<Vec<Product>>,
    relationships: Option<Vec<Relationship>>,
    product_groups: Option<Vec<Group>>,
    #[serde(skip)]
    purls: BTreeMap<String, String>,
    #[serde(skip)]
    within: BTreeMap<String, (String, String)>,
}

#[derive(Deserialize)]
struct Branch {
    branches: Option<Vec<Branch>>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_id: String,
    product_identification_helper: Option<Helper>,
}

#[derive(Deserialize)]
struct Helper {
    purl: Option<String>,
    /// Of 2.1.
    purls: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: Product,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Deserialize)]
struct Group {
    group_id: String,
    product_ids: Vec<String>,
}

impl Tree {
    /// Prepares the look-ups.
    pub(super) fn index(mut self) -> Self {
        let mut branches = self.branches.take().unwrap_or_default();
        while let Some(branch) = branches.pop() {
            self.learn(branch.product);
            branches.extend(branch.branches.into_iter().flatten());
        }
        for product in self.full_product_names.take().into_iter().flatten() {
            self.learn(Some(product));
        }
        for relationship in self.relationships.take().into_iter().flatten() {
            let id = relationship.full_product_name.product_id.clone();
            self.within
                .insert(id, (relationship.relates_to_product_reference, relationship.product_reference));
            self.learn(Some(relationship.full_product_name));
        }
        self
    }

    fn learn(&mut self, product: Option<Product>) {
        let Some(Product { product_id, product_identification_helper: Some(helper) }) = product else {
            return;
        };
        if let Some(purl) = helper.purl.or_else(|| helper.purls?.into_iter().next()) {
            self.purls.insert(product_id, purl);
        }
    }

    fn name(&self, id: &str) -> String {
        self.purls.get(id).map_or_else(|| id.to_owned(), String::clone)
    }

    /// The product that an id stands for, and the component within it where the id stands for one.
    pub(super) fn place(&self, id: &str) -> (String, Option<String>) {
        match self.within.get(id) {
            // With a package URL of its own the whole is a product.
            Some((product, component)) if !self.purls.contains_key(id) => {
                (self.name(product), Some(self.name(component)))
            }
            _ => (self.name(id), None),
        }
    }

    /// Whether a note for these products and groups speaks of the product.
    pub(super) fn covers(
        &self,
        products: Option<&[String]>,
        groups: Option<&[String]>,
        product: &str,
    ) -> bool {
        let in_group = |id: &String| {
            let group = self.product_groups.iter().flatten().find(|it| it.group_id == *id);
            group.is_some_and(|it| it.product_ids.iter().any(|it| it == product))
        };
        products.is_some_and(|it| it.iter().any(|it| it == product))
            || groups.is_some_and(|it| it.iter().any(in_group))
    }
}
