using Stemsharp.Audio;
using Stemsharp.Separation;
using Xunit;

namespace Stemsharp.Tests.Separation;

public class TrackSpoolTests
{
    private readonly float[] _samples = [.. Enumerable.Range(0, 50_001 * 3).Select(i => (float)Math.Sin(i))];
    private int _opened;

    [Fact]
    public void A_track_is_read_once_and_then_from_its_spool()
    {
        using TrackSpool spool = Spool();
        for (int pass = 0; pass < 3; pass++)
        {
            using IAudioReader reader = spool.Open(default);
            Assert.Equal((8000, 3, 50_001), (reader.SampleRate, reader.Channels, reader.Length));
            float[] all = new float[_samples.Length + 30];
            Assert.Equal(50_001, FullRead.Frames(reader, all));
            Assert.Equal(0, reader.Read(new float[9]));
            Assert.Equal(_samples, all[.._samples.Length]);
        }

        Assert.Equal(1, _opened);
    }

    [Fact]
    public void A_reading_that_stopped_early_counts_for_nothing()
    {
        using TrackSpool spool = Spool();
        using (IAudioReader reader = spool.Open(default))
        {
            reader.Read(new float[3000]);
        }

        using IAudioReader again = spool.Open(default);
        float[] all = new float[_samples.Length + 3];
        Assert.Equal(50_001, FullRead.Frames(again, all));
        Assert.Equal(_samples, all[.._samples.Length]);
        Assert.Equal(2, _opened);
    }

    private TrackSpool Spool() => new(
        _ =>
        {
            _opened++;
            return new MemoryReader(_samples, 8000, 3);
        },
        null);
}
