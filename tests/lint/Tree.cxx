#include "Tree.hxx"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace lint {

namespace {

bool IsSource(const std::filesystem::path &path) {
    return path.extension() == ".cxx" || path.extension() == ".hxx";
}

template <typename Iterator> std::vector<std::filesystem::path> Collect(Iterator files) {
    std::vector<std::filesystem::path> found;
    for (const auto &entry : files)
        if (entry.is_regular_file() && IsSource(entry.path()))
            found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace

std::string Setting(const char *name) {
    const char *value = std::getenv(name);
    if (value == nullptr)
        throw std::runtime_error(std::string(name) + " is not set; run this through meson test");
    return value;
}

std::filesystem::path SourceRoot() {
    return Setting("TEST_SOURCE_ROOT");
}

std::string ReadFile(const std::filesystem::path &path) {
    const std::ifstream file(path);
    if (!file)
        throw std::runtime_error("cannot read " + path.string());
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

std::vector<std::filesystem::path> SourceFiles(const std::filesystem::path &folder) {
    return Collect(std::filesystem::directory_iterator(folder));
}

std::vector<std::filesystem::path> AllSourceFiles() {
    return Collect(std::filesystem::recursive_directory_iterator(SourceRoot() / "src"));
}

std::string RoomOf(const std::filesystem::path &path) {
    return path.parent_path().lexically_relative(SourceRoot() / "src").generic_string();
}

std::vector<std::filesystem::path> AllTexts() {
    std::vector<std::filesystem::path> found;
    for (const auto &entry : std::filesystem::directory_iterator(SourceRoot()))
        if (entry.path().extension() == ".md")
            found.push_back(entry.path());
    for (const char *folder : {"src", "tests", "bench", "doc"}) {
        if (!std::filesystem::exists(SourceRoot() / folder))
            continue;
        for (const auto &entry :
             std::filesystem::recursive_directory_iterator(SourceRoot() / folder))
            if (entry.is_regular_file() &&
                (IsSource(entry.path()) || entry.path().extension() == ".md"))
                found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<std::string> SplitLines(const std::string &text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

} // namespace lint
