#include <fmt/format.h>

#include <CLI/App.hpp>

#include "app/verbs.h"
#include "vault/vault.h"

namespace standin {
namespace {

int conclude(const Result<void>& done, const std::string& said) {
  if (!done) {
    fmt::print(stderr, "{}\n", done.error().what);
    return 1;
  }
  fmt::print("{}\n", said);
  return 0;
}

int list_keys(const std::string& file) {
  const auto vault = Vault::load(file);
  if (!vault) return conclude(std::unexpected(vault.error()), "");
  for (const std::uint32_t id : vault->key_ids()) fmt::print("{}\n", id);
  return 0;
}

}  // namespace

void add_keys_verb(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("keys", "The journal's keys");
  verb->require_subcommand(1);
  verb->footer("Example: standin keys new journal.keys");
  auto file = std::make_shared<std::string>();
  CLI::App* created =
      verb->add_subcommand("new", "Write a new key file; keep a copy: without it the journal cannot be read");
  created->add_option("FILE", *file)->required();
  created->callback([file, &status] { status = conclude(Vault::create_keys(*file), "keys written to " + *file); });
  CLI::App* rotated = verb->add_subcommand("rotate", "Seal new orders with a new key; old orders stay readable");
  rotated->add_option("FILE", *file)->required();
  rotated->callback([file, &status] {
    status = conclude(Vault::rotate_keys(*file), "a new key is first in " + *file + "; restart standin to use it");
  });
  CLI::App* listed = verb->add_subcommand("list", "Ids of the sealing keys, newest first");
  listed->add_option("FILE", *file)->required();
  listed->callback([file, &status] { status = list_keys(*file); });
}

}  // namespace standin
