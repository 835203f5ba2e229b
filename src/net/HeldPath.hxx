#pragma once

#include "sys/ProcessIds.hxx"
#include "sys/UniqueFd.hxx"

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace net {

/** Which file it is, whatever its names; see inode(7). */
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;

    friend bool operator==(const FileId &, const FileId &) noexcept = default;
};

/** A name in a directory: the same for the same path, whether it is written relatively, absolutely
 *  or by way of a symbolic link. The directory is kept open (O_PATH). */
class NameInDirectory {
public:
    NameInDirectory() noexcept = default;

    /** Looks the directory up now, from the current working directory and with the current rights.
     *  Undefined, with errno set, where it cannot be reached. */
    explicit NameInDirectory(std::string_view path);

    /** What another process has looked up: a handle (O_PATH) of the directory, and which one it
     *  is. Asks no file system. */
    NameInDirectory(sys::UniqueFd _directory, FileId id, std::string _name) noexcept
        : directory(std::move(_directory)), directory_id(id), name(std::move(_name)) {}

    FileId DirectoryId() const noexcept { return directory_id; }

    bool IsDefined() const noexcept { return directory.IsDefined(); }
    sys::Fd Directory() const noexcept { return directory; }

    /** Gives the handle away. */
    sys::UniqueFd TakeDirectory() noexcept { return std::move(directory); }
    const std::string &Name() const noexcept { return name; }

    /** The path from the root, as it is now; the name alone without /proc. */
    std::string ToString() const;

    /** What has that name now; nullopt with errno. */
    std::optional<FileId> Look() const noexcept;

    friend bool operator==(const NameInDirectory &a, const NameInDirectory &b) noexcept {
        return a.IsDefined() && b.IsDefined() && a.directory_id == b.directory_id &&
               a.name == b.name;
    }

private:
    sys::UniqueFd directory;
    FileId directory_id;
    std::string name;
};

/** The path of a unix socket, which workers may remove before they bind it themselves: a second
 *  name beside it, ".NAME.clusterize", keeps the file, so that it can be put back. If that name is
 *  served, it gets a number, "-1" to "-7". Those that killed launchers have left and nobody serves
 *  are removed with it, and before it is made. If the directory allows no second link there is
 *  none. The second name is removed by the destructor, the
 *  path itself never. */
class HeldPath {
public:
    /** All but the directory's handle, for a process that makes the same of it. */
    struct State {
        FileId directory, file;
        std::string name, second;
        std::optional<sys::ProcessIds> maker;
        bool removed = false;

        friend bool operator==(const State &, const State &) noexcept = default;
    };

    HeldPath() noexcept = default;
    HeldPath(State state, sys::UniqueFd directory) noexcept
        : at(std::move(directory), state.directory, std::move(state.name)), file(state.file),
          second(std::move(state.second)), maker(std::move(state.maker)), removed(state.removed) {}
    State Describe() const { return {at.DirectoryId(), file, at.Name(), second, maker, removed}; }

    /** Leaves the second name to another process that was made from Describe(). */
    void Leave() noexcept { second.clear(); }

    HeldPath(HeldPath &&other) noexcept { Swap(other); }
    HeldPath &operator=(HeldPath &&other) noexcept {
        Swap(other);
        return *this;
    }
    ~HeldPath() noexcept { LetGo(); }

    /** The file at `path` was bound by the caller a moment ago, with these rights (`as`: those of a
     *  worker, which the caller has taken). Returns 0 or errno; ENOENT: somebody has removed it
     *  already. */
    int Hold(std::string_view path, const std::optional<sys::ProcessIds> &as, bool second_name);

    bool IsDefined() const noexcept { return at.IsDefined(); }
    const NameInDirectory &At() const noexcept { return at; }
    const FileId &File() const noexcept { return file; }

    /** Puts the file back, with the rights of `as`, where it is missing. Returns 0 where it is
     *  there or is again, and then `put_back` tells whether it was missing; EADDRINUSE: another
     *  file has the path; ENOENT: there is no second name; else the errno of linkat(2). */
    int Restore(const std::optional<sys::ProcessIds> &as, bool *put_back = nullptr) const;

    /** A worker has removed the path of an adopted listener at its end, and others still serve it:
     *  LetGo() removes the path, too, as the last one of them would. Not, if a worker has bound it
     *  since. */
    void SetRemoved(bool _removed) noexcept { removed = _removed; }

    /** Removes the second name; by sys::RunElsewhere() if a worker has chosen the directory. */
    void LetGo() noexcept;

    /** The same for many whose directories workers have chosen, with one process and one deadline
     *  for each user. */
    static void LetGoAll(const std::vector<HeldPath *> &paths) noexcept;

private:
    void Remove() const noexcept;
    void Swap(HeldPath &other) noexcept;

    NameInDirectory at;
    FileId file;
    std::string second;
    std::optional<sys::ProcessIds> maker; // who may remove the second name again
    bool removed = false;
};

} // namespace net
