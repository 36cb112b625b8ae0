using System.Diagnostics;
using System.Globalization;

namespace Stemsharp.OnnxRuntime;

/// <summary>Says what takes long, and every ten seconds how long it has taken, until it is disposed.</summary>
internal sealed class ElapsedNotice : IDisposable
{
    private readonly string _what;
    private readonly Action<string> _say;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly Timer _timer;

    public ElapsedNotice(string what, Action<string> say, TimeSpan? every = null)
    {
        (_what, _say) = (what, say);
        say($"{what}.");
        TimeSpan period = every ?? TimeSpan.FromSeconds(10);
        _timer = new Timer(_ => Tell("so far"), null, period, period);
    }

    public void Dispose()
    {
        using ManualResetEvent stopped = new(false);
        if (_timer.Dispose(stopped))
        {
            stopped.WaitOne();
        }

        Tell("in all");
    }

    private void Tell(string until) => _say(string.Create(CultureInfo.InvariantCulture, $"{_what}: {Stopwatch.GetElapsedTime(_began).TotalSeconds:0} s {until}."));
}
