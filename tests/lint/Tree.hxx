#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lint {

/** The value of an environment variable that meson sets for the tests; throws std::runtime_error
 *  where it is missing. */
std::string Setting(const char *name);

/** The top of the source tree. */
std::filesystem::path SourceRoot();

/** Throws std::runtime_error. */
std::string ReadFile(const std::filesystem::path &path);

/** The C++ files directly in a folder, sorted. */
std::vector<std::filesystem::path> SourceFiles(const std::filesystem::path &folder);

/** All the C++ files below src/, sorted. */
std::vector<std::filesystem::path> AllSourceFiles();

/** The room that a file below src/ belongs to: "spawn/child". */
std::string RoomOf(const std::filesystem::path &path);

/** All C++ files below src/, tests/ and bench/, and all documents (*.md), sorted. */
std::vector<std::filesystem::path> AllTexts();

std::vector<std::string> SplitLines(const std::string &text);

} // namespace lint
