//! The source of a crate, as a tree of modules.
//!
//! Files are found by following `mod` declarations from the crate's root file, as the compiler does. What is only
//! compiled for tests is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta};

/// The path of a module or of an item, from the root of its crate; empty for the root itself.
pub(crate) type ModulePath = Vec<String>;

/// A file of a crate.
pub(crate) struct ModuleFile {
    pub(crate) path: ModulePath,
    /// From the root of the repository.
    pub(crate) file: PathBuf,
    pub(crate) syntax: syn::File,
}

/// A crate without what is only compiled for tests.
pub(crate) struct CrateSource {
    /// The root file comes last.
    pub(crate) files: Vec<ModuleFile>,
    /// The names of the modules that are declared in each module, inline ones included.
    pub(crate) children: BTreeMap<ModulePath, BTreeSet<String>>,
}

impl CrateSource {
    /// Reads the crate whose root file is `root_file`, a path from the root of the repository.
    pub(crate) fn read(repository: &Path, root_file: &Path) -> Result<Self, String> {
        let mut reader = Reader { repository, files: Vec::new(), children: BTreeMap::new() };
        let folder = root_file.parent().unwrap_or(Path::new("")).to_owned();
        reader.file(ModulePath::new(), root_file, &folder)?;
        Ok(Self { files: reader.files, children: reader.children })
    }

    /// The root file.
    pub(crate) fn root(&self) -> &ModuleFile {
        &self.files[self.files.len() - 1]
    }

    /// The names of the modules that are declared in the root file.
    pub(crate) fn top_level(&self) -> &BTreeSet<String> {
        &self.children[&ModulePath::new()]
    }

    /// Whether a path is that of a module.
    pub(crate) fn has_module(&self, path: &[String]) -> bool {
        self.children.contains_key(path)
    }
}

struct Reader<'r> {
    repository: &'r Path,
    files: Vec<ModuleFile>,
    children: BTreeMap<ModulePath, BTreeSet<String>>,
}

impl Reader<'_> {
    /// `folder` is where the files of the module's children lie.
    fn file(&mut self, path: ModulePath, file: &Path, folder: &Path) -> Result<(), String> {
        let text = std::fs::read_to_string(self.repository.join(file))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let syntax = parse(file, &text)?;
        self.items(&path, &syntax.items, file, folder)?;
        self.files.push(ModuleFile { path, file: file.to_owned(), syntax });
        Ok(())
    }

    fn items(&mut self, path: &ModulePath, items: &[Item], file: &Path, folder: &Path) -> Result<(), String> {
        self.children.entry(path.clone()).or_default();
        for item in items {
            let Item::Mod(module) = item else { continue };
            if only_for_tests(&module.attrs) {
                continue;
            }
            self.module(path, module, file, folder)?;
        }
        Ok(())
    }

    fn module(
        &mut self,
        parent: &ModulePath,
        module: &ItemMod,
        file: &Path,
        folder: &Path,
    ) -> Result<(), String> {
        let name = module.ident.to_string();
        self.children.entry(parent.clone()).or_default().insert(name.clone());
        let path: ModulePath = parent.iter().cloned().chain([name.clone()]).collect();
        if let Some((_, items)) = &module.content {
            return self.items(&path, items, file, &folder.join(&name));
        }
        if let Some(written) = path_attribute(&module.attrs) {
            let child = file.parent().unwrap_or(Path::new("")).join(written);
            let its_folder = child.parent().unwrap_or(Path::new("")).to_owned();
            return self.file(path, &child, &its_folder);
        }
        let flat = folder.join(format!("{name}.rs"));
        let nested = folder.join(&name).join("mod.rs");
        let child = if self.repository.join(&flat).is_file() { flat } else { nested };
        self.file(path, &child, &folder.join(&name))
    }
}

/// Parses a Rust file; an error names the file and the line.
pub(crate) fn parse(file: &Path, text: &str) -> Result<syn::File, String> {
    syn::parse_file(text)
        .map_err(|error| format!("{}:{}: {error}", file.display(), error.span().start().line))
}

/// Whether these attributes leave something out of every build but the tests'.
pub(crate) fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => needs_test(list.tokens.clone()),
        _ => false,
    })
}

/// Whether a `cfg` predicate holds in tests only: `test`, or `all(…)` with it.
fn needs_test(predicate: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = predicate.into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(name)] => name == "test",
        [TokenTree::Ident(name), TokenTree::Group(inner)] if name == "all" => {
            let all: Vec<TokenTree> = inner.stream().into_iter().collect();
            all.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
                .any(|one| needs_test(one.iter().cloned().collect()))
        }
        _ => false,
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find(|attribute| attribute.path().is_ident("path")).and_then(text_of)
}

/// The text of `#[name = "text"]`.
pub(crate) fn text_of(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(literal) = &pair.value else { return None };
    let Lit::Str(text) = &literal.lit else { return None };
    Some(text.value())
}

/// The attributes of an item.
pub(crate) fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
