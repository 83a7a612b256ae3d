//! `layers.toml`, read.

use std::collections::BTreeSet;
use std::path::Path;

use toml_span::de_helpers::{TableHelper, expected};
use toml_span::value::ValueInner;
use toml_span::{DeserError, Deserialize, Value};

use crate::data;

/// The layers of one crate.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    /// The root file, from the root of the repository.
    pub(super) root: String,
    /// The ground floor comes first.
    pub(super) layers: Vec<Layer>,
    pub(super) exceptions: Vec<Exception>,
}

/// Modules of one floor. A module that is listed by its path (`run::event`) is taken apart from its parent.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) modules: Vec<String>,
    pub(super) inside: Inside,
}

/// What modules of one floor may use of one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    Nothing,
    /// Anything that does not lead in a circle.
    Acyclic,
}

/// One module may use one other, although the layers say no.
#[derive(Debug)]
pub(super) struct Exception {
    pub(super) from: String,
    pub(super) to: String,
}

impl Declared {
    /// All modules that are listed.
    pub(super) fn units(&self) -> BTreeSet<String> {
        self.layers.iter().flat_map(|layer| layer.modules.iter().cloned()).collect()
    }
}

/// Reads the file.
pub(super) fn read(file: &Path) -> Result<Vec<Declared>, String> {
    struct File(Vec<Declared>);
    impl<'de> Deserialize<'de> for File {
        fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
            let mut table = TableHelper::new(value)?;
            let crates = table.required("crate");
            table.finalize(None)?;
            Ok(Self(crates?))
        }
    }
    data::read::<File>(file).map(|file| file.0)
}

impl<'de> Deserialize<'de> for Declared {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let (name, root, layers) = (table.required("name"), table.required("root"), table.required("layers"));
        let exceptions = table.optional("exceptions").unwrap_or_default();
        table.finalize(None)?;
        Ok(Self { name: name?, root: root?, layers: layers?, exceptions })
    }
}

impl<'de> Deserialize<'de> for Layer {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let modules = table.required("modules");
        let inside = table.optional("inside").unwrap_or(Inside::Nothing);
        table.finalize(None)?;
        Ok(Self { modules: modules?, inside })
    }
}

impl<'de> Deserialize<'de> for Inside {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        match value.take() {
            ValueInner::String(text) if text == "acyclic" => Ok(Self::Acyclic),
            other => Err(expected("\"acyclic\"", other, value.span).into()),
        }
    }
}

impl<'de> Deserialize<'de> for Exception {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let (from, to) = (table.required("from"), table.required("to"));
        // Nobody reads it but people; nobody leaves it out.
        let reason = table.required::<String>("reason");
        table.finalize(None)?;
        reason?;
        Ok(Self { from: from?, to: to? })
    }
}
