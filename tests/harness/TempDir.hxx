#pragma once

#include <string>

namespace harness {

/** A new directory, mode 0755, removed with its contents. */
class TempDir {
    std::string path;

public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir &) = delete;
    TempDir &operator=(const TempDir &) = delete;

    const std::string &Path() const { return path; }

    /** The path of a name in it. */
    std::string operator/(const std::string &name) const { return path + "/" + name; }

    /** Writes a file in it and returns its path. */
    std::string Write(const std::string &name, const std::string &text, unsigned mode = 0644) const;

    /** Gives the directory itself to a user. */
    void GiveTo(unsigned uid, unsigned gid) const;
};

/** The whole of a file; empty where there is none. */
std::string ReadFile(const std::string &path);

/** Copies a file with its mode. */
void CopyFile(const std::string &from, const std::string &to);

} // namespace harness
