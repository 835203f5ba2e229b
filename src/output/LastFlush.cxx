#include "output/LastFlush.hxx"

namespace output {

LastFlush::LastFlush(loop::Loop &loop, Drain &_drain, util::BoundMethod<void()> _on_done) noexcept
    : drain(_drain), on_done(_on_done), timer(loop, util::Bind<&LastFlush::GiveUp>(*this)) {}

void LastFlush::Begin(std::chrono::milliseconds patience) noexcept {
    waiting = true;
    drain.OnFlushed(util::BoundMethod<void(Drain &)>::Make<&LastFlush::OnFlushed>(*this));
    timer.Schedule(patience);
    drain.Flush();
}

void LastFlush::OnFlushed(Drain &) noexcept {
    if (waiting && drain.GetOutlet().HasRoom())
        Finish();
}

void LastFlush::GiveUp() noexcept {
    lost = drain.GetOutlet().Discard() + drain.GetOutlet().TakeDropped();
    Finish();
}

void LastFlush::Finish() noexcept {
    waiting = false;
    timer.Cancel();
    on_done();
}

} // namespace output
