using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>What speed and pitch do to sound, measured on what the page's own mixer renders in Chromium.</summary>
[Collection("browser")]
public sealed class PracticeSoundTests(BrowserFixture fixture, ITestOutputHelper output)
{
    private const int Rate = 44_100;

    /// <summary>
    /// Renders stems that a script makes, by the mixer and, where it is needed, the stretcher: [left channel] as it is heard.
    /// </summary>
    private const string Render = """
        async ({ mixer, stretch, gains, speed, semitones, seconds, clicks, loop, countIn }) => {
          const rate = 44100, block = 65536;
          const stems = (MAKE)(rate);
          const frames = stems[0].length;
          const context = new OfflineAudioContext(2, Math.ceil(seconds * rate), rate);
          await context.audioWorklet.addModule(mixer);
          if (speed !== 1 || semitones !== 0) await context.audioWorklet.addModule(stretch);
          const node = new AudioWorkletNode(context, "stem-mixer", { numberOfInputs: 0, outputChannelCount: [2] });
          node.connect(context.destination);
          const told = () => new Promise((resolve) => (node.port.onmessage = () => resolve()));
          node.port.postMessage({ kind: "open", lanes: stems.length, frames });
          stems.forEach((stem, lane) => {
            for (let at = 0; at < frames; at += block) {
              const samples = new Float32Array(block * 2);
              for (let i = 0; i < Math.min(block, frames - at); i++) samples[2 * i] = samples[2 * i + 1] = stem[at + i];
              node.port.postMessage({ kind: "block", lane, block: at / block, samples });
            }
          });
          node.port.postMessage({ kind: "levels", left: gains, right: gains });
          if (loop) node.port.postMessage({ kind: "loop", from: loop[0], to: loop[1] });
          if (clicks) node.port.postMessage({ kind: "clicks", frames: Float64Array.from(clicks), accents: new Uint8Array(clicks.length), volume: 1 });
          if (speed !== 1 || semitones !== 0) {
            const stretched = told();
            node.port.postMessage({ kind: "stretch", speed, semitones });
            await stretched;
          }
          const playing = told();
          node.port.postMessage({ kind: "seek", frame: 0 });
          await playing;
          if (countIn) node.port.postMessage({ kind: "count-in", ...countIn });
          const started = told();
          if (!countIn) node.port.postMessage({ kind: "play", playing: true });
          else node.port.postMessage({ kind: "seek", frame: 0 });
          await started;
          const bytes = new Uint8Array((await context.startRendering()).getChannelData(0).buffer);
          let text = "";
          for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
          return btoa(text);
        }
        """;

    private const string Noise = "(rate) => { let s = 1; const one = Float32Array.from({ length: 6 * rate }, (_, i) => { s = (s * 16807) % 2147483647; return (i % 11025 < 40 ? 0.9 : 0) + 0.1 * (s / 2147483647 - 0.5); }); return [one, one]; }";
    private const string Impulses = "(rate) => { const one = new Float32Array(9 * rate); for (let i = rate; i < one.length; i += rate / 2) one[i] = 0.9; return [one]; }";
    private const string Silence = "(rate) => [new Float32Array(9 * rate)]";

    public static TheoryData<double, int> Settings => new() { { 0.5, 0 }, { 0.75, 0 }, { 1.5, 0 }, { 1, -6 }, { 1, 6 }, { 0.8, 3 } };

    [PageTheory]
    [MemberData(nameof(Settings))]
    public async Task Stems_stay_in_step_to_the_sample(double speed, int semitones)
    {
        await using Sound sound = await OpenAsync();
        float[] one = await sound.RenderAsync(Noise, [1, 0], speed, semitones, 5);
        float[] halves = await sound.RenderAsync(Noise, [0.5, 0.5], speed, semitones, 5);
        float[] against = await sound.RenderAsync(Noise, [1, -1], speed, semitones, 5);
        Assert.True(one.Max(Math.Abs) > 0.1);
        // The stretcher is not the same twice: it puts a little noise into its phases. What goes through it together stays together.
        Assert.Equal(0, Enumerable.Range(-20, 41).MaxBy(lag => Correlation(one, halves, lag)));
        Assert.InRange(Correlation(one, halves, 0), 0.7, 1.0001);
        Assert.True(against.Max(Math.Abs) < 1e-9, $"{against.Max(Math.Abs)}");
    }

    [PageFact]
    public async Task At_the_songs_own_speed_and_pitch_the_samples_are_the_songs()
    {
        await using Sound sound = await OpenAsync();
        float[] heard = await sound.RenderAsync(Impulses, [1], 1, 0, 4);
        int[] at = [.. heard.Select((value, i) => (value, i)).Where(x => x.value != 0).Select(x => x.i)];
        Assert.Equal(Enumerable.Range(2, 6).Select(i => i * Rate / 2), at);
        Assert.All(at, i => Assert.Equal(0.9f, heard[i]));
    }

    [PageTheory]
    [InlineData(0.5, 0)]
    [InlineData(0.75, 0)]
    [InlineData(1.25, 0)]
    [InlineData(1.5, 0)]
    [InlineData(1, -6)]
    [InlineData(1, 6)]
    [InlineData(1, 12)]
    [InlineData(1, -12)]
    public async Task A_sine_stays_a_sine(double speed, int semitones)
    {
        await using Sound sound = await OpenAsync();
        string sine = "(rate) => [Float32Array.from({ length: 9 * rate }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 440 * i / rate))]";
        float[] heard = await sound.RenderAsync(sine, [1], speed, semitones, 5);
        double wanted = 440 * Math.Pow(2, semitones / 12.0);
        (double purity, double amplitude) = Purity(heard.AsSpan(2 * Rate, 2 * Rate), wanted);
        output.WriteLine($"{purity:F1} dB, amplitude {amplitude:F3}");
        Assert.True(purity > LeastPurity, $"{purity:F1} dB");
        Assert.InRange(amplitude, 0.45, 0.55);
    }

    [PageTheory]
    [MemberData(nameof(Settings))]
    public async Task An_impulse_stays_in_its_place(double speed, int semitones)
    {
        await using Sound sound = await OpenAsync();
        float[] heard = await sound.RenderAsync(Impulses, [1], speed, semitones, 5);
        (double worstOffset, double spread) = Spread(heard, speed);
        output.WriteLine($"{worstOffset * 1000:F2} ms off, {spread * 1000:F1} ms");
        Assert.True(worstOffset < 0.015, $"{worstOffset * 1000:F1} ms off");
        Assert.True(spread < MostSpread, $"spread over {spread * 1000:F1} ms");
    }

    [PageTheory]
    [InlineData(1, 0)]
    [InlineData(0.5, 0)]
    [InlineData(0.8, -2)]
    [InlineData(1.5, 0)]
    public async Task The_metronome_clicks_on_the_beats(double speed, int semitones)
    {
        await using Sound sound = await OpenAsync();
        int[] beats = [.. Enumerable.Range(1, 16).Select(i => i * 22_050 + 17)];
        float[] clicks = await sound.RenderAsync(Silence, [1], speed, semitones, 5, clicks: beats);
        double delay = speed == 1 && semitones == 0 ? 0 : Onsets(clicks)[0] - beats[0] / speed;
        Assert.InRange(delay, 0, 0.2 * Rate);
        Assert.All(Onsets(clicks).Zip(beats), pair => Assert.InRange(pair.First - delay - pair.Second / speed, -2.01, 2.01));
        Assert.True(Onsets(clicks).Length >= 5 * speed * 2 - 2);

        // Where the song has an impulse on each beat, both are heard together.
        string song = "(rate) => { const one = new Float32Array(9 * rate); for (let i = 1; i <= 16; i++) one[i * 22050 + 17] = 0.9; return [one]; }";
        float[] music = await sound.RenderAsync(song, [1], speed, semitones, 5);
        foreach (int click in Onsets(clicks).Where(click => click > Rate && click < 4 * Rate))
        {
            Assert.InRange((Centre(music, click, 2000) - click) / Rate, -0.012, 0.012);
        }
    }

    [PageFact]
    public async Task In_a_loop_the_clicks_go_on_with_the_song()
    {
        await using Sound sound = await OpenAsync();
        int[] beats = [.. Enumerable.Range(0, 16).Select(i => i * 22_050)];
        foreach (double speed in (double[])[1, 0.75])
        {
            // Four beats from the second on, over and over: clicks stay even.
            float[] clicks = await sound.RenderAsync(Silence, [1], speed, 0, 8, clicks: beats, loop: [22_050, 5 * 22_050]);
            int[] onsets = Onsets(clicks);
            Assert.True(onsets.Length >= 11);
            Assert.All(onsets.Zip(onsets.Skip(1)), pair => Assert.InRange(pair.Second - pair.First - 22_050 / speed, -2.01, 2.01));
        }
    }

    [PageFact]
    public async Task A_count_in_leads_to_the_first_beat()
    {
        await using Sound sound = await OpenAsync();
        string song = "(rate) => { const one = new Float32Array(4 * rate); one[0] = 0.9; one[22050] = 0.9; return [one]; }";
        foreach (double speed in (double[])[1, 0.75])
        {
            int period = (int)(22_050 / speed);
            float[] heard = await sound.RenderAsync(song, [1], speed, 0, 5, countIn: new { clicks = Enumerable.Range(0, 4).Select(i => 1000 + i * period), start = 1000 + 4 * period, volume = 1 });
            Assert.Equal(Enumerable.Range(0, 4).Select(i => 1000 + i * period), Onsets(heard[..(1000 + 4 * period - 1500)]));
            int second = 1000 + 5 * period;
            Assert.InRange((Centre(heard, second, 2000) - second) / Rate, -0.015, 0.015);
        }
    }

    private const double LeastPurity = 40;
    private const double MostSpread = 0.03;

    /// <summary>Power of the best sine near a frequency against all that is left, the worst tenth of a second; and its amplitude.</summary>
    private static (double Decibels, double Amplitude) Purity(ReadOnlySpan<float> sound, double hertz)
    {
        double worst = double.MaxValue, amplitude = 0;
        int length = Rate / 5;
        for (int from = 0; from + length <= sound.Length; from += length)
        {
            double best = double.MinValue;
            for (double f = hertz - 1; f <= hertz + 1; f += 0.05)
            {
                double cc = 0, ss = 0, cs = 0, xc = 0, xs = 0, xx = 0;
                for (int i = 0; i < length; i++)
                {
                    (double s, double c) = Math.SinCos(2 * Math.PI * f * i / Rate);
                    double x = sound[from + i];
                    (cc, ss, cs, xc, xs, xx) = (cc + c * c, ss + s * s, cs + c * s, xc + x * c, xs + x * s, xx + x * x);
                }

                double determinant = cc * ss - cs * cs, a = (xc * ss - xs * cs) / determinant, b = (xs * cc - xc * cs) / determinant;
                double fitted = a * xc + b * xs, decibels = 10 * Math.Log10(fitted / Math.Max(xx - fitted, 1e-12));
                if (decibels > best)
                {
                    (best, amplitude) = (decibels, Math.Sqrt(a * a + b * b));
                }
            }

            worst = Math.Min(worst, best);
        }

        return (worst, amplitude);
    }

    /// <summary>How far the worst impulse is from its place, all moved by one delay; and how long it takes for nine tenths of its power.</summary>
    private static (double Offset, double Spread) Spread(float[] heard, double speed)
    {
        double period = Rate / 2 / speed;
        int first = (int)(Rate / speed);
        double[] centres = [.. Enumerable.Range(1, (int)((heard.Length - first) / period) - 2).Select(i => Centre(heard, (int)(first + i * period), (int)(period / 2)) - first - i * period)];
        double mean = centres.Average(), spread = 0;
        for (int i = 1; i <= centres.Length; i++)
        {
            int middle = (int)(first + i * period + mean), reach = (int)(period / 2);
            double all = Power(heard, middle, reach);
            int width = 1;
            while (Power(heard, middle, width) < 0.9 * all)
            {
                width++;
            }

            spread = Math.Max(spread, 2.0 * width / Rate);
        }

        return (centres.Max(centre => Math.Abs(centre - mean)) / Rate, spread);
    }

    private static double Correlation(float[] first, float[] second, int lag)
    {
        double both = 0, a = 0, b = 0;
        for (int i = 20; i < first.Length - 20; i++)
        {
            (both, a, b) = (both + first[i] * second[i + lag], a + first[i] * first[i], b + second[i + lag] * second[i + lag]);
        }

        return both / Math.Sqrt(a * b);
    }

    private static double Power(float[] sound, int middle, int reach)
    {
        double sum = 0;
        for (int i = Math.Max(0, middle - reach); i <= Math.Min(sound.Length - 1, middle + reach); i++)
        {
            sum += sound[i] * sound[i];
        }

        return sum;
    }

    private static double Centre(float[] sound, int middle, int reach)
    {
        double sum = 0, moment = 0;
        for (int i = Math.Max(0, middle - reach); i <= Math.Min(sound.Length - 1, middle + reach); i++)
        {
            double power = sound[i] * sound[i];
            (sum, moment) = (sum + power, moment + power * i);
        }

        return moment / sum;
    }

    /// <summary>Where clicks begin: samples that are not silent after a twentieth of a second of silence.</summary>
    private static int[] Onsets(float[] sound)
    {
        List<int> onsets = [];
        int last = int.MinValue / 2;
        for (int i = 0; i < sound.Length; i++)
        {
            if (Math.Abs(sound[i]) > 1e-4)
            {
                if (i - last > Rate / 20)
                {
                    onsets.Add(i);
                }

                last = i;
            }
        }

        return [.. onsets];
    }

    private async Task<Sound> OpenAsync() => await Sound.OpenAsync(fixture);

    /// <summary>A page that renders.</summary>
    private sealed class Sound(TestServer server, PageSession session) : IAsyncDisposable
    {
        private static readonly string Assets = Path.Combine(AppContext.BaseDirectory, "wwwroot", "assets");

        public static async Task<Sound> OpenAsync(BrowserFixture fixture)
        {
            TestServer server = await TestServer.StartAsync();
            return new Sound(server, await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress));
        }

        public async Task<float[]> RenderAsync(
            string make, double[] gains, double speed, int semitones, double seconds, int[]? clicks = null, int[]? loop = null, object? countIn = null)
        {
            string bytes = await session.EvaluateAsync<string>(Render.Replace("MAKE", make, StringComparison.Ordinal), new
            {
                mixer = Address("mixer.worklet"),
                stretch = Address("stretch.worklet"),
                gains,
                speed,
                semitones,
                seconds,
                clicks,
                loop,
                countIn,
            });
            session.AssertQuiet();
            byte[] samples = Convert.FromBase64String(bytes);
            float[] sound = new float[samples.Length / 4];
            Buffer.BlockCopy(samples, 0, sound, 0, samples.Length);
            return sound;
        }

        public async ValueTask DisposeAsync()
        {
            await session.DisposeAsync();
            await server.DisposeAsync();
        }

        private static string Address(string name) => "/assets/" + Path.GetFileName(Directory.GetFiles(Assets, name + "-*.js").Single());
    }
}
