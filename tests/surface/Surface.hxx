#pragma once

#include <initializer_list>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

// What the tests of this folder ask the program and the documents, and how they compare.

using Names = std::set<std::string>;

std::vector<std::string> Lines(const std::string &text);

/** A file of the tree. Throws where there is none. */
std::string Document(const std::string &path);

/** A check that names what only one side has. */
void CheckSame(const std::string &what, const Names &here, const Names &there);

/** All matches, or their first group where there is one. */
Names FindAll(const std::string &text, const std::regex &pattern);

/** The names of one table, `--list KIND`. */
Names RowSet(const std::string &kind);

/** The long options as the list gives them. */
Names Options();

/** The output of --help. */
std::string Help();

/** The names at the beginning of a line of the help: "  -n, --workers N" gives -n and --workers. */
Names NamesOfHelpLine(const std::string &line);

/** Long and short names that the help lists. */
Names HelpNames();

Names LongNames(const Names &names);

/** The values of each option that takes only some, from the binary's list where there is one. */
std::map<std::string, Names> ValuesOfOptions();
