#pragma once

#include "output/Modes.hxx"
#include "output/Target.hxx"
#include "pool/Agent.hxx"

#include <list>

namespace output {

/** The files of `--output FILE`: one for each path that its templates make, open as long as a
 *  stream feeds it. A file that cannot be opened or written swallows: a log that fails stops no
 *  worker. */
class Files {
public:
    /** Borrows all. */
    Files(loop::Loop &_loop, report::Reporter &_reporter, const OutputSpec &_spec,
          util::BoundMethod<void()> _on_flushed) noexcept
        : loop(_loop), reporter(_reporter), spec(_spec), on_flushed(_on_flushed) {}

    /** That of the first worker, so that what is wrong shows at once. Throws util::UserError. */
    void OpenFirst();

    /** The file of a worker, opened where it is not open yet. */
    Drain &For(const pool::WorkerRef &worker);

    /** Do several workers write to one file? */
    bool AreShared() const;

    /** Somebody has renamed or removed them: each path is opened anew. */
    void Reopen() noexcept;

    /** Closes those that nobody feeds any more. */
    void Sweep() noexcept;

    /** Is everything written? */
    bool AreWritten() noexcept;

    std::list<Target *> Targets() noexcept;

private:
    struct File {
        File(Files &files, std::string _path, report::Outlet &&outlet);

        const std::string path;
        Drain drain;
        Target target;
    };

    std::string PathFor(const pool::WorkerRef &worker) const;

    loop::Loop &loop;
    report::Reporter &reporter;
    const OutputSpec &spec;
    const util::BoundMethod<void()> on_flushed;
    std::list<File> files;
};

} // namespace output
