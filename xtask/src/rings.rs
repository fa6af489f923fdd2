//! Looks for rings of modules: files of one crate that need each other, so that none can be read or changed alone.
//!
//! A module needs those that its paths lead to. A path through a re-export leads to the module that defines the item,
//! and a re-export itself needs nothing: it only opens a door. A module and the modules inside it are one thing: what
//! they need of each other does not count, and neither do tests.

use {
    anyhow::{Context, Result, ensure},
    proc_macro2::{TokenStream, TokenTree},
    std::{
        collections::{BTreeMap, BTreeSet},
        fs, mem,
        path::{Path, PathBuf},
    },
    syn::{
        Attribute, Item, ItemUse, UseTree, Visibility,
        visit::{self, Visit},
    },
};

/// How many re-exports a path may lead through.
const MOST_DOORS: usize = 8;

/// A path as it is written, from its first segment on.
type Segments = Vec<String>;

/// The modules of a crate by their paths; that of the root is empty.
type Modules = BTreeMap<String, Module>;

/// What one file says.
#[derive(Default)]
struct Module {
    /// Modules that have files of their own.
    children: BTreeSet<String>,
    /// Names of what it defines itself.
    items: BTreeSet<String>,
    /// Each name that it re-exports, `*` for all, and the path to it.
    doors: Vec<(String, Segments)>,
    /// The paths that it uses.
    paths: Vec<Segments>,
}

/// Fails if a crate whose root is among `files`, relative to `root`, has a ring of modules.
pub fn check(root: &Path, files: &[String]) -> Result<()> {
    let crates = files.iter().filter(|name| {
        let is_program = name.contains("src/bin/") && name.ends_with("main.rs");
        is_program || name.ends_with("src/lib.rs") || name.ends_with("src/main.rs")
    });
    let mut found = Vec::new();
    for name in crates.filter(|name| root.join(name).exists()) {
        let modules = read_crate(&root.join(name)).with_context(|| format!("reading the modules of {name}"))?;
        let rings = rings(&modules).into_iter();
        found.extend(rings.map(|ring| format!("{name}: {}", ring.join(", "))));
    }
    ensure!(
        found.is_empty(),
        "modules need each other in a ring:\n  {}\nMove what several of them need to a module of its own",
        found.join("\n  ")
    );
    Ok(())
}

fn read_crate(root: &Path) -> Result<Modules> {
    let mut modules = Modules::new();
    let mut open: Vec<(String, PathBuf)> = vec![(String::new(), root.to_owned())];
    while let Some((path, file)) = open.pop() {
        let source = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let module = read_module(&source).with_context(|| file.display().to_string())?;
        let folder = match file.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") | None => file.with_file_name(""),
            Some(_) => file.with_extension(""),
        };
        for child in &module.children {
            let files = [folder.join(format!("{child}.rs")), folder.join(child).join("mod.rs")];
            if let Some(file) = files.into_iter().find(|file| file.exists()) {
                open.push((joined(&path, child), file));
            }
        }
        modules.insert(path, module);
    }
    Ok(modules)
}

fn read_module(source: &str) -> Result<Module> {
    let file = syn::parse_file(source)?;
    let mut module = Module::default();
    for item in &file.items {
        match item {
            Item::Use(item) if matches!(item.vis, Visibility::Inherited) => {}
            Item::Use(item) => module.doors.extend(leaves(item)),
            Item::Mod(item) if item.content.is_none() && !is_test(&item.attrs) => {
                module.children.insert(item.ident.to_string());
            }
            _ => {}
        }
        module.items.extend(name_of(item));
        if !matches!(item, Item::Use(item) if !matches!(item.vis, Visibility::Inherited)) {
            module.visit_item(item);
        }
    }
    Ok(module)
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string());
        attribute.path().is_ident("cfg") && condition.is_ok_and(|condition| condition.contains("test"))
    })
}

/// Each name that a `use` brings, `*` for all, and the path to it.
fn leaves(item: &ItemUse) -> Vec<(String, Segments)> {
    fn walk(tree: &UseTree, path: &mut Segments, found: &mut Vec<(String, Segments)>) {
        let mut leaf = |segment: Option<String>, name: String| {
            let path = path.iter().cloned().chain(segment).collect();
            found.push((name, path));
        };
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                walk(&step.tree, path, found);
                path.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, path, found)),
            UseTree::Glob(_) => leaf(None, "*".to_owned()),
            UseTree::Name(name) if name.ident == "self" => leaf(None, path.last().cloned().unwrap_or_default()),
            UseTree::Name(name) => leaf(Some(name.ident.to_string()), name.ident.to_string()),
            UseTree::Rename(name) => leaf(Some(name.ident.to_string()), name.rename.to_string()),
        }
    }
    let mut found = Vec::new();
    walk(&item.tree, &mut Vec::new(), &mut found);
    found
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_test(&item.attrs) {
            self.paths.extend(leaves(item).into_iter().map(|(_, path)| path));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        self.paths
            .push(segments.map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast syn::Macro) {
        self.visit_path(&invoked.path);
        self.read_tokens(invoked.tokens.clone());
    }
}

impl Module {
    /// The arguments of a macro are tokens: words with `::` between them are a path.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path = Segments::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.paths.push(mem::take(&mut path));
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    self.paths.push(mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.read_tokens(group.stream());
                    }
                }
            }
        }
        self.paths.push(path);
    }
}

fn joined(path: &str, child: &str) -> String {
    match path {
        "" => child.to_owned(),
        path => format!("{path}::{child}"),
    }
}

/// The module that defines what `path`, written in module `from`, leads to. None if that is outside the crate, or
/// unknown.
fn target(modules: &Modules, from: &str, path: &[String], doors: usize) -> Option<String> {
    let (mut at, mut rest) = (from.to_owned(), path);
    match path.first()?.as_str() {
        "crate" => (at, rest) = (String::new(), &path[1..]),
        "self" => rest = &path[1..],
        "super" => {}
        first if modules.get(from)?.children.contains(first) => {}
        _ => return None,
    }
    while let Some(segment) = rest.first() {
        if segment == "super" {
            at = at
                .rsplit_once("::")
                .map(|(parent, _)| parent.to_owned())
                .unwrap_or_default();
        } else if modules.contains_key(&joined(&at, segment)) {
            at = joined(&at, segment);
        } else {
            break;
        }
        rest = &rest[1..];
    }
    let Some(name) = rest.first() else {
        return Some(at);
    };
    let module = modules.get(&at)?;
    if module.items.contains(name) {
        return Some(at);
    }
    if doors == 0 {
        return None;
    }
    let through = |path: &Segments| target(modules, &at, path, doors - 1);
    let named = module.doors.iter().filter(|(open, _)| open == name);
    let any = module.doors.iter().filter(|(open, _)| open == "*");
    named.filter_map(|(_, path)| through(path)).next().or_else(|| {
        let mut behind = any.map(|(_, path)| [path.as_slice(), std::slice::from_ref(name)].concat());
        behind.find_map(|path| through(&path))
    })
}

/// Whether `inner` is the module `outer` or inside it.
fn contains(outer: &str, inner: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with("::"))
}

/// The rings, each as its modules in order. A module that is in one can be reached from itself.
fn rings(modules: &Modules) -> Vec<Vec<String>> {
    let needs = |from: &String| -> BTreeSet<String> {
        let paths = modules[from].paths.iter();
        let targets = paths.filter_map(|path| target(modules, from, path, MOST_DOORS));
        targets
            .filter(|to| !contains(to, from) && !contains(from, to))
            .collect()
    };
    let needs: BTreeMap<&String, BTreeSet<String>> = modules.keys().map(|from| (from, needs(from))).collect();
    let reached = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            open.extend(needs[at].iter().filter(|to| seen.insert((*to).clone())));
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = modules.keys().map(|from| (from, reached(from))).collect();
    let ring = |of: &String| -> Vec<String> {
        let back = reached[of].iter().filter(|to| reached[to].contains(of));
        back.cloned().collect()
    };
    let rings: BTreeSet<Vec<String>> = modules.keys().map(ring).filter(|ring| ring.len() > 1).collect();
    rings.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let modules = files
            .iter()
            .map(|(path, source)| ((*path).to_owned(), read_module(source).unwrap()));
        rings(&modules.collect())
    }

    #[test]
    fn modules_that_need_each_other_are_a_ring() {
        let root = ("", "mod a; mod b; mod c;");
        let ring = [
            root,
            ("a", "use crate::b::B; pub struct A;"),
            ("b", "pub struct B(super::c::C);"),
        ];
        let closed = [
            &ring[..],
            &[("c", "fn c() { println!(\"{:?}\", crate::a::A); } pub struct C;")],
        ]
        .concat();
        assert_eq!(found(&closed), [["a", "b", "c"]]);
        let open = [
            &ring[..],
            &[("c", "pub struct C; #[cfg(test)] mod tests { use crate::a::A; }")],
        ]
        .concat();
        assert!(found(&open).is_empty());
    }

    #[test]
    fn a_path_through_a_re_export_leads_to_the_definition() {
        let files = [
            ("", "mod state;"),
            ("state", "mod grant; mod plan; pub use {grant::*, plan::Plan};"),
            ("state::grant", "use super::Plan; pub struct Grant;"),
        ];
        let down = [&files[..], &[("state::plan", "pub struct Plan;")]].concat();
        assert!(found(&down).is_empty());
        let back = [&files[..], &[("state::plan", "pub struct Plan(crate::state::Grant);")]].concat();
        assert_eq!(found(&back), [["state::grant", "state::plan"]]);
    }

    #[test]
    fn a_module_and_what_is_inside_it_may_need_each_other() {
        let files = [
            ("", "mod a;"),
            ("a", "mod b; use b::B; pub struct A(B);"),
            ("a::b", "pub struct B(super::A);"),
        ];
        assert!(found(&files).is_empty());
    }
}
