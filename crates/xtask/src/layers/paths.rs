//! All paths of a crate that lead from one module of it into another.
//!
//! A path counts wherever it stands: in a `use`, an expression, a type, an attribute, or in the tokens of a macro that
//! nobody has expanded. What cannot be followed (a glob of the crate's root, another name for it) is reported instead.
//! Doc comments do not count: a link explains, and compiles without what it points to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Field, ImplItem, Item, ItemMacro, ItemMod, ItemUse, Meta, TraitItem, UseTree, Visibility,
};

use crate::source::{CrateSource, ModulePath, attributes_of, only_for_tests};

/// A path in one module that leads to an item of another.
pub(crate) struct Use {
    /// The module that holds the path.
    pub(crate) from: ModulePath,
    /// Where the path leads, seen from the crate's root.
    pub(crate) to: ModulePath,
    pub(crate) place: Place,
}

/// A line of a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// What was found in a crate.
#[derive(Default)]
pub(crate) struct Paths {
    pub(crate) uses: Vec<Use>,
    /// What hides a dependency from this check, and where it stands.
    pub(crate) hidden: Vec<(Place, String)>,
}

/// All paths of a crate that lead to an item of the same crate.
pub(crate) fn paths(source: &CrateSource) -> Paths {
    let mut found = Paths::default();
    // Names that the root gives to items of its modules, so that `crate::Name` is followed to where it is from.
    let mut names: BTreeMap<String, ModulePath> = BTreeMap::new();
    for module in &source.files {
        let mut visitor = Visitor {
            source,
            file: &module.file,
            module: module.path.clone(),
            found: &mut found,
            names: &mut names,
        };
        visitor.visit_file(&module.syntax);
    }
    for path in &mut found.uses {
        // A name may stand for a name; each step leads on, and a circle would not compile.
        for _ in 0..8 {
            let known = path.to.first().is_some_and(|first| source.top_level().contains(first));
            match path.to.first().and_then(|first| names.get(first)) {
                Some(meant) if !known => {
                    path.to = meant.iter().chain(path.to.iter().skip(1)).cloned().collect();
                }
                _ => break,
            }
        }
    }
    found
}

struct Visitor<'v> {
    source: &'v CrateSource,
    file: &'v Path,
    module: ModulePath,
    found: &'v mut Paths,
    names: &'v mut BTreeMap<String, ModulePath>,
}

/// How a path is written down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// An item of that path.
    Item,
    /// `path::*`.
    Glob,
    /// `path as name`, or a `use` of the path as it is.
    Named,
}

impl Visitor<'_> {
    /// Where a path leads to, from the crate's root; nothing for a path to another crate, or to a name that is in scope
    /// because something else was written down.
    fn resolve(&self, segments: &[String]) -> Option<ModulePath> {
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some(self.module.iter().chain(rest).cloned().collect()),
            "super" => {
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                let kept = self.module.len().checked_sub(ups)?;
                Some(self.module[..kept].iter().chain(&segments[ups..]).cloned().collect())
            }
            // A module by itself is no value and no type: a single name that equals it is something else.
            child
                if segments.len() > 1
                    && self.source.children.get(&self.module).is_some_and(|names| names.contains(child)) =>
            {
                Some(self.module.iter().chain(segments).cloned().collect())
            }
            _ => None,
        }
    }

    fn place(&self, span: Span) -> Place {
        Place { file: self.file.to_owned(), line: span.start().line }
    }

    fn add(&mut self, segments: &[String], form: Form, span: Span) {
        let Some(to) = self.resolve(segments) else { return };
        let place = self.place(span);
        if to.is_empty() {
            let what = match form {
                Form::Item => return,
                Form::Glob => "takes everything from the root of the crate",
                Form::Named => "gives another name to the root of the crate",
            };
            self.found.hidden.push((place, format!("`{}` {what}", segments.join("::"))));
            return;
        }
        if self.module.is_empty() && form == Form::Glob {
            let what =
                format!("`{}::*` in the root of the crate hides where names come from", segments.join("::"));
            self.found.hidden.push((place, what));
            return;
        }
        self.found.uses.push(Use { from: self.module.clone(), to, place });
    }

    fn use_tree(&mut self, prefix: &[String], tree: &UseTree) {
        let with = |name: &str| prefix.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>();
        // `self` in braces is the path before them.
        let named =
            |name: &str| if name == "self" && !prefix.is_empty() { prefix.to_vec() } else { with(name) };
        match tree {
            UseTree::Path(path) => self.use_tree(&with(&path.ident.to_string()), &path.tree),
            UseTree::Name(name) => {
                let written = name.ident.to_string();
                let segments = named(&written);
                self.add(&segments, Form::Named, name.ident.span());
                self.name(segments.last().unwrap_or(&written), &segments);
            }
            UseTree::Rename(rename) => {
                let segments = named(&rename.ident.to_string());
                self.add(&segments, Form::Named, rename.ident.span());
                self.name(&rename.rename.to_string(), &segments);
            }
            UseTree::Glob(glob) => self.add(prefix, Form::Glob, glob.star_token.spans[0]),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(prefix, tree);
                }
            }
        }
    }

    /// Remembers what a name in the root of the crate stands for.
    fn name(&mut self, name: &str, segments: &[String]) {
        if !self.module.is_empty() {
            return;
        }
        if let Some(to) = self.resolve(segments) {
            self.names.insert(name.to_owned(), to);
        }
    }

    /// Paths in tokens: `a::b::c`, `a::{b, c::d}`, and texts in attributes that hold a path.
    fn tokens(&mut self, tokens: TokenStream, attribute: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(_) => at = self.path_in_tokens(&tokens, at, &[]),
                TokenTree::Group(group) => {
                    self.tokens(group.stream(), attribute);
                    at += 1;
                }
                TokenTree::Literal(literal) if attribute => {
                    let text = literal.to_string();
                    let segments: Vec<String> =
                        text.trim_matches('"').split("::").map(|part| part.trim().to_owned()).collect();
                    if segments.len() > 1 {
                        self.add(&segments, Form::Item, literal.span());
                    }
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// Reads one path that begins at `at`; gives where it ends.
    fn path_in_tokens(&mut self, tokens: &[TokenTree], mut at: usize, prefix: &[String]) -> usize {
        let mut segments = prefix.to_vec();
        let span = tokens[at].span();
        while let Some(TokenTree::Ident(name)) = tokens.get(at) {
            segments.push(name.to_string());
            at += 1;
            if !is_path_separator(tokens, at) {
                let renamed = matches!(tokens.get(at), Some(TokenTree::Ident(word)) if word == "as");
                let form = if renamed { Form::Named } else { Form::Item };
                self.add(&segments, form, span);
                return at;
            }
            at += 2;
            match tokens.get(at) {
                Some(TokenTree::Ident(_)) => {}
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.group_in_tokens(&segments, group.stream());
                    return at + 1;
                }
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                    self.add(&segments, Form::Glob, span);
                    return at + 1;
                }
                _ => {
                    self.add(&segments, Form::Item, span);
                    return at;
                }
            }
        }
        at
    }

    fn group_in_tokens(&mut self, prefix: &[String], tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(_) => at = self.path_in_tokens(&tokens, at, prefix),
                TokenTree::Punct(star) if star.as_char() == '*' => {
                    self.add(prefix, Form::Glob, star.span());
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    let colon =
        |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    colon(tokens.get(at)) && colon(tokens.get(at + 1))
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !only_for_tests(attributes_of(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !only_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if !matches!(item, TraitItem::Fn(item) if only_for_tests(&item.attrs)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !only_for_tests(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        for attribute in &module.attrs {
            self.visit_attribute(attribute);
            if attribute.path().is_ident("macro_use") {
                let what = format!("#[macro_use] on `{}` hides who uses its macros", module.ident);
                let place = self.place(module.ident.span());
                self.found.hidden.push((place, what));
            }
        }
        let Some((_, items)) = &module.content else { return };
        self.module.push(module.ident.to_string());
        for item in items {
            self.visit_item(item);
        }
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.use_tree(&[], &item.tree);
        }
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        if item.ident == "self" {
            let place = self.place(item.ident.span());
            self.found.hidden.push((place, "`extern crate self` gives another name to the crate".to_owned()));
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // What a build script wrote is data: no file of the crate's own can be hidden there.
        let is_built = call.tokens.to_string().replace(' ', "").starts_with("concat!(env!(\"OUT_DIR\")");
        if call.path.is_ident("include") && !is_built {
            let place = self.place(call.path.segments[0].ident.span());
            self.found.hidden.push((place, "`include!` hides what a file uses".to_owned()));
        }
        visit::visit_macro(self, call);
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        // An exported macro is named as if it stood in the root.
        if let Some(name) = &item.ident
            && item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"))
            && !self.module.is_empty()
        {
            let to = self.module.iter().cloned().chain([name.to_string()]).collect();
            self.names.insert(name.to_string(), to);
        }
        visit::visit_item_macro(self, item);
    }

    /// `pub(in path)` names a module that this one lies in.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            Meta::Path(_) => {}
            Meta::List(list) => self.tokens(list.tokens.clone(), true),
            Meta::NameValue(_) if attribute.path().is_ident("doc") => {}
            Meta::NameValue(pair) => self.visit_expr(&pair.value),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let segments: Vec<String> =
                path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            if let Some(first) = path.segments.first() {
                self.add(&segments, Form::Item, first.ident.span());
            }
        }
        visit::visit_path(self, path);
    }

    fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
        self.tokens(tokens.clone(), false);
    }
}
