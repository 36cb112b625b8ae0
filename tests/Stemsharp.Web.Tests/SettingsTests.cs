using Stemsharp.Client;
using Stemsharp.Web.Separation;
using Xunit;

namespace Stemsharp.Web.Tests;

public sealed class SettingsTests
{
    private static readonly ModelInfo Model = new("demo", "", ["drums", "bass", "other", "vocals"], true);

    [Fact]
    public void Defaults_are_filled_in()
    {
        JobSettings plain = SettingsCheck.Complete(new JobSettings(), Model);
        Assert.Equal(("demo", "pcm16", "rescale", 0), (plain.Model, plain.SampleFormat, plain.ClipMode, plain.Shifts));

        // The overlap is the model's own where none is asked for.
        Assert.Null(plain.Overlap);
        Assert.Equal(0.1, SettingsCheck.Complete(new JobSettings { Overlap = 0.1 }, Model).Overlap);
        Assert.Equal("other", SettingsCheck.Complete(new JobSettings { ExactSum = true }, Model).Residual);
        JobSettings two = SettingsCheck.Complete(new JobSettings { TwoStems = "bass", ExactSum = true }, Model);
        Assert.Equal(("add", "no_bass"), (two.OtherMethod, two.Residual));
        Assert.Equal(["bass"], SettingsCheck.Complete(new JobSettings { Stems = ["bass", "bass"] }, Model).Stems);

        // In any case, as on the command line; what is kept is the model's spelling.
        Assert.Equal(["bass", "vocals"], SettingsCheck.Complete(new JobSettings { Stems = ["BASS", "Vocals", "bass"] }, Model).Stems);
        JobSettings pair = SettingsCheck.Complete(new JobSettings { TwoStems = "Bass", ExactSum = true, Residual = "NO_bass" }, Model);
        Assert.Equal(("bass", "no_bass"), (pair.TwoStems, pair.Residual));
    }

    public static TheoryData<JobSettings, string> Refused => new()
    {
        { new JobSettings { Stems = [] }, "'stems' is empty" },
        { new JobSettings { Stems = ["kazoo"] }, "no stem 'kazoo'" },
        { new JobSettings { TwoStems = "kazoo" }, "no stem 'kazoo'" },
        { new JobSettings { TwoStems = "bass", Stems = ["bass"] }, "exclude each other" },
        { new JobSettings { TwoStems = "bass", OtherMethod = "times" }, "add, minus, none" },
        { new JobSettings { OtherMethod = "add" }, "not given" },
        { new JobSettings { SampleFormat = "pcm8" }, "pcm16, pcm24, float32" },
        { new JobSettings { ClipMode = "loud" }, "rescale-all" },
        { new JobSettings { Shifts = 21 }, "0 to 20" },
        { new JobSettings { Overlap = double.NaN }, "0 to 0.9" },
        { new JobSettings { ExactSum = true, Stems = ["bass"] }, "needs all stems" },
        { new JobSettings { ExactSum = true, TwoStems = "bass", OtherMethod = "none" }, "needs the rest" },
        { new JobSettings { ExactSum = true, Residual = "kazoo" }, "drums, bass, other, vocals" },
        { new JobSettings { Residual = "bass" }, "not asked for" },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void What_contradicts_itself_is_refused(JobSettings settings, string reason)
    {
        OptionException refusal = Assert.Throws<OptionException>(() => SettingsCheck.Complete(settings, Model));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_not_here_is_refused()
    {
        ModelInfo absent = Model with { Installed = false };
        Assert.Throws<ModelException>(() => SettingsCheck.Complete(new JobSettings(), absent));
        // A job may wait for it; what is known of it is checked at once, and once more when it has come.
        Assert.Equal("pcm16", SettingsCheck.Complete(new JobSettings(), absent, mayBeAbsent: true).SampleFormat);
        Assert.Throws<OptionException>(() => SettingsCheck.Complete(new JobSettings { Stems = ["tuba"] }, absent, mayBeAbsent: true));
        JobSettings open = SettingsCheck.Complete(new JobSettings { Stems = ["tuba"] }, absent with { Stems = [] }, mayBeAbsent: true);
        Assert.Equal((Model.Name, "tuba"), (open.Model, open.Stems![0]));
        Assert.Throws<OptionException>(() => SettingsCheck.Complete(open, Model));
        JobSettings complete = SettingsCheck.Complete(new JobSettings { TwoStems = "bass", ExactSum = true }, Model);
        Assert.Equal(complete, SettingsCheck.Complete(complete, Model));
    }
}
