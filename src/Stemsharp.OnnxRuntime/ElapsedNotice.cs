using System.Globalization;

namespace Stemsharp.OnnxRuntime;

/// <summary>Says what takes long, and every ten seconds how long it has taken, until it is disposed.</summary>
internal sealed class ElapsedNotice : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private readonly string _what;
    private readonly Action<string> _say;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly ITimer _timer;

    /// <param name="what">What takes long.</param>
    /// <param name="say">Gets the words.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public ElapsedNotice(string what, Action<string> say, TimeProvider? time = null)
    {
        (_what, _say, _time) = (what, say, time ?? TimeProvider.System);
        _began = _time.GetTimestamp();
        say($"{what}.");
        _timer = _time.CreateTimer(_ => Tell("so far"), null, Every, Every);
    }

    public void Dispose()
    {
        // What is being said is said to its end.
        _timer.DisposeAsync().AsTask().Wait();
        Tell("in all");
    }

    private void Tell(string until) => _say(string.Create(CultureInfo.InvariantCulture, $"{_what}: {_time.GetElapsedTime(_began).TotalSeconds:0} s {until}."));
}
