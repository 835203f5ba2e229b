#include "output/Files.hxx"
#include "contract/Template.hxx"
#include "sys/AppendFile.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>

namespace output {

namespace {

/** A FIFO that nobody reads is an error, ENXIO. */
sys::UniqueFd Open(const std::string &path) noexcept {
    return sys::OpenToAppend(path, O_WRONLY);
}

} // namespace

Files::File::File(Files &files, std::string _path, report::Outlet &&outlet)
    : path(std::move(_path)), drain(files.loop, std::move(outlet), Drain::Gone::SWALLOW),
      target(files.reporter, drain, util::Quote(path), files.on_flushed) {
    drain.GetOutlet().AllowLongWrites();
}

std::string Files::PathFor(const pool::WorkerRef &worker) const {
    contract::Handover handover;
    handover.id = worker.id;
    handover.slot = worker.slot;
    handover.workers = spec.workers;
    handover.generation = worker.generation;
    return contract::Expand(spec.path, handover);
}

bool Files::AreShared() const {
    return spec.workers > 1 && PathFor({1, 0, 1, 0}) == PathFor({2, 1, 1, 0});
}

void Files::OpenFirst() {
    const std::string path = PathFor({1, 0, 1, 0});
    sys::UniqueFd fd = Open(path);
    if (!fd.IsDefined())
        throw util::UserError(fmt::format("{} {}: cannot open {}: {}", spec.source,
                                          util::Quote(spec.path), util::Quote(path),
                                          sys::AppendErrorText(errno)));
    files.emplace_back(*this, path, report::Outlet(std::move(fd)));
}

Drain &Files::For(const pool::WorkerRef &worker) {
    const std::string path = PathFor(worker);
    for (File &file : files)
        if (file.path == path)
            return file.drain;
    sys::UniqueFd fd = Open(path);
    const int error = fd.IsDefined() ? 0 : errno;
    File &file = files.emplace_back(*this, path, report::Outlet(std::move(fd)));
    if (error != 0)
        file.target.TellFailure(error);
    return file.drain;
}

void Files::Reopen() noexcept {
    for (File &file : files) {
        file.drain.Flush();
        sys::UniqueFd fd = Open(file.path);
        if (!fd.IsDefined()) // the old one, if there is one, is better than none
            file.target.TellFailure(errno);
        else
            file.drain.Replace(std::move(fd));
    }
}

void Files::Sweep() noexcept {
    for (auto file = files.begin(); file != files.end();) {
        const auto next = std::next(file);
        if (!file->drain.HasSources() && file->drain.GetOutlet().HasRoom()) {
            file->target.TellLost();
            files.erase(file);
        }
        file = next;
    }
}

bool Files::AreWritten() noexcept {
    for (File &file : files)
        if (!file.drain.GetOutlet().HasRoom())
            return false;
    return true;
}

std::list<Target *> Files::Targets() noexcept {
    std::list<Target *> targets;
    for (File &file : files)
        targets.push_back(&file.target);
    return targets;
}

} // namespace output
