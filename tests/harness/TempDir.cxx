#include "harness/TempDir.hxx"

#include "harness/Errno.hxx"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace harness {

TempDir::TempDir() : path("/tmp/clusterize-test-XXXXXX") {
    if (mkdtemp(path.data()) == nullptr)
        ThrowErrno("mkdtemp");
    if (chmod(path.c_str(), 0755) != 0)
        ThrowErrno("chmod " + path);
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
}

std::string TempDir::Write(const std::string &name, const std::string &text, unsigned mode) const {
    const std::string file = *this / name;
    std::ofstream os(file, std::ios::binary);
    os << text;
    os.close();
    if (!os)
        throw std::runtime_error("cannot write " + file);
    if (chmod(file.c_str(), mode) != 0)
        ThrowErrno("chmod " + file);
    return file;
}

void TempDir::GiveTo(unsigned uid, unsigned gid) const {
    if (chown(path.c_str(), uid, gid) != 0)
        ThrowErrno("chown " + path);
}

std::string ReadFile(const std::string &path) {
    std::ifstream is(path, std::ios::binary);
    std::ostringstream os;
    os << is.rdbuf();
    return os.str();
}

void CopyFile(const std::string &from, const std::string &to) {
    namespace fs = std::filesystem;
    fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    fs::permissions(to, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                            fs::perms::others_read | fs::perms::others_exec);
}

} // namespace harness
