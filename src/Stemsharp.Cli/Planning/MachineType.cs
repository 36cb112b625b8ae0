using System.Globalization;

namespace Stemsharp.Cli.Planning;

/// <summary>A kind of machine that a catalogue is separated on.</summary>
/// <param name="Name">What it is called; only for the reader.</param>
/// <param name="Cores">Its processors.</param>
/// <param name="Gpus">Its GPUs.</param>
/// <param name="Price">What an hour of it costs, in any currency; null where that does not matter.</param>
/// <param name="Speed">How fast its cores, or its GPU, are against those of the machine that measures.</param>
internal sealed record MachineType(string Name, int Cores, int Gpus, double? Price, double Speed)
{
    private const string Form = "write [NAME,]cores=N,gpus=N,price=P,speed=F, such as \"c7i.large,cores=2,price=0.09\"";

    /// <summary>Reads a description; what it leaves out is as here.</summary>
    /// <param name="text">What <c>--machine</c> was given; null for nothing.</param>
    /// <param name="cores">This machine's processors.</param>
    /// <exception cref="OptionException">It is none.</exception>
    internal static MachineType Parse(string? text, int cores)
    {
        MachineType machine = new("a machine as this one", cores, 0, null, 1);
        foreach ((int index, string part) in (text?.Split(',', StringSplitOptions.TrimEntries) ?? []).Index())
        {
            int equals = part.IndexOf('=');
            string value = part[(equals + 1)..];
            machine = (equals < 0 ? "" : part[..equals]) switch
            {
                "" when index == 0 && part.Length > 0 && equals < 0 => machine with { Name = part },
                "cores" => machine with { Cores = (int)Number(part, value, 1, 10_000, whole: true) },
                "gpus" => machine with { Gpus = (int)Number(part, value, 0, 1_000, whole: true) },
                "price" => machine with { Price = Number(part, value, 0, 1e6, whole: false) },
                "speed" => machine with { Speed = Number(part, value, 0.001, 1_000, whole: false) },
                _ => throw new OptionException($"--machine \"{text}\": \"{part}\" is nothing of a machine; {Form}."),
            };
        }

        return machine;
    }

    private static double Number(string part, string text, double least, double most, bool whole) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most && (!whole || number == Math.Floor(number))
            ? number
            : throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"--machine: \"{part}\" is out of range; {least} to {most} are valid{(whole ? ", whole numbers" : "")}."));
}
